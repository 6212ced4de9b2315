//! The checkout that is built and deployed is the one of the working directory.

use std::fs;

use super::*;

/// Runs `acuse` in `folder`, where it must fail, and returns its error.
async fn fails_in(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command.args(arguments).current_dir(folder).env_remove("ACUSE_STACK");
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, output).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_copied_checkout_deploys_its_own_template() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let temp = tempfile::tempdir().unwrap();
    let copy = temp.path().join("copy");
    fs::create_dir_all(copy.join("functions/consumer/src")).unwrap();
    fs::copy(here.join("Cargo.toml"), copy.join("Cargo.toml")).unwrap();
    let template = fs::read_to_string(here.join("template.yaml")).unwrap();
    // A function without a binary is an error before anything is built.
    let changed = template.replacen(
        "\nResources:\n",
        "\nResources:\n  OnlyInTheCopy:\n    Type: AWS::Serverless::Function\n",
        1,
    );
    assert_ne!(changed, template);
    fs::write(copy.join("template.yaml"), changed).unwrap();

    let local = ["local", "--port", "0", "--inspector-port", "0", "--emulator-port", "0"];
    for folder in ["", "functions/consumer/src"] {
        let printed = fails_in(&copy.join(folder), &local).await;
        assert!(
            printed.contains("template.yaml: OnlyInTheCopy should name its binary"),
            "{printed}"
        );
    }
}

#[tokio::test]
async fn outside_a_checkout_the_error_says_what_to_do() {
    for arguments in [
        &["local"][..],
        &["events", "list"],
        &["send", "kuenta", "payment.created"],
    ] {
        let printed = fails_in(Path::new("/"), arguments).await;
        assert!(
            printed.starts_with("error: neither / nor a folder above it is a checkout of Acuse"),
            "{printed}"
        );
        assert!(printed.contains("what to do: `cd` into your checkout"), "{printed}");
    }
}
