//! Tests that need a process of their own: the test starts its own program again.

use std::process::Command;

/// The argument that tells a child what it is; no test has this name.
const CHILD: &str = "as-the-child-of-a-test";

/// The command that starts this program again to run only the given test, in which [`is_child`](crate::is_child) returns `true`.
/// The child's output is not captured by the test runner. The test must be a function of the module in which this is called.
#[macro_export]
macro_rules! child_of {
    ($test:ident) => {{
        // Fails to compile when there is no such function.
        let _: fn() = $test;
        $crate::child_command(concat!(module_path!(), "::", stringify!($test)))
    }};
}

/// What [`child_of`](crate::child_of) expands to; not for direct use.
///
/// # Panics
///
/// When the system does not say where this program is.
#[doc(hidden)]
#[must_use]
pub fn child_command(path: &str) -> Command {
    // The runner names a test without its crate.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    let program = std::env::current_exe().expect("the program knows where it is");
    let mut command = Command::new(program);
    command.args(["--nocapture", "--exact", name, CHILD]);
    command
}

/// Whether this process was started by [`child_of`](crate::child_of).
#[must_use]
pub fn is_child() -> bool {
    std::env::args().any(|argument| argument == CHILD)
}
