//! `include_dir` doesn't tell cargo about new files.

fn main() {
    println!("cargo::rerun-if-changed=presets");
}
