//! Tests that need a process of their own: the test starts its own program again.

use std::process::Command;

/// The argument that tells a child what it is; no test has this name.
const CHILD: &str = "as-the-child-of-a-test";

/// This program again, to run only `test`, in which [`is_child`] then answers yes. It does not print what the test prints.
///
/// # Panics
///
/// When the system does not say where this program is.
#[must_use]
pub fn child_of<Test: Fn()>(_test: Test) -> Command {
    let path = std::any::type_name::<Test>();
    // The runner names a test without its crate.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    let program = std::env::current_exe().expect("the program knows where it is");
    let mut command = Command::new(program);
    command.args(["--nocapture", "--exact", name, CHILD]);
    command
}

/// Whether this process was started by [`child_of`].
#[must_use]
pub fn is_child() -> bool {
    std::env::args().any(|argument| argument == CHILD)
}
