//! The library in a process of its own, whose environment says where AWS is.

use std::process::Command;

use crate::moto::Moto;
use crate::place::Aws;

/// The port of the parent's launcher, in a child.
const PORT: &str = "SIMIAN_INTEGRATION_PORT";

/// Runs `body` in a process whose AWS is a launcher as good as new; `name` is the test's full name. The SDK takes its
/// settings from the environment, and a process should not change its own: the test starts itself again.
pub(crate) fn of_its_own<F: Future<Output = ()>>(name: &str, body: impl FnOnce(Moto) -> F) {
    if let Some(port) = std::env::var(PORT).ok().and_then(|port| port.parse().ok()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(body(Moto::at(port)));
        return;
    }
    let aws = Aws::new();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    aws.dress(&mut child);
    let output = child.env(PORT, aws.port().to_string()).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "{name} in a process of its own:\n{said}");
}
