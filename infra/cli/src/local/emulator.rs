//! The emulator's process.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::error::Error;
use super::process::Process;
use super::python::Venv;
use crate::stack::running::{CREDENTIALS, REGION};

/// Starts the emulator, which then refuses requests from browsers.
const SCRIPT: &str = include_str!("../../embedded/emulator.py");

/// It usually takes half a second, and longer while the machine compiles.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts an empty emulator on `127.0.0.1:{port}` with its files in `state`. The functions' AWS endpoint is
/// `functions_endpoint`, or the emulator.
pub(super) fn start(venv: &Venv, state: &Path, port: u16, functions_endpoint: Option<&str>) -> Result<Process, Error> {
    let folder = |name: &str| -> Result<_, Error> {
        let folder = state.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(Error::file("remove", &folder))?;
        }
        std::fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        Ok(folder)
    };
    let python = venv.python();
    let script = state.join("emulator.py");
    std::fs::write(&script, SCRIPT).map_err(Error::file("write", &script))?;
    let mut command = Command::new(&python);
    // The functions inherit this environment. It contains nothing of the user's: no credentials and, since the home
    // folder is another one, no AWS profile.
    command
        .arg(&script)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder("home")?)
        .env("LANG", "C.UTF-8")
        .env("TMPDIR", folder("tmp")?)
        .env("S3_DATA_DIR", folder("s3")?)
        .env("STATE_DIR", folder("state")?)
        .envs(CREDENTIALS)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(
            "AWS_ENDPOINT_URL",
            functions_endpoint.map_or_else(|| endpoint(port), str::to_owned),
        )
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        // Part of the host names that functions see. lambda_http can't parse them if it is an address.
        .env("MINISTACK_HOST", "localhost")
        .env("LAMBDA_EXECUTOR", "local")
        // Otherwise it would look for its own containers and remove them.
        .env("DOCKER_HOST", "unix:///nonexistent")
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0");
    Process::start("emulator", &command, &python, state, None)
}

/// The URL of the emulator on `port`.
pub(super) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
