//! Tests that need a process of their own: the test starts its own program again.

use std::process::Command;

/// The argument that marks a process as a child. No test has this name.
const CHILD: &str = "as-the-child-of-a-test";

/// Returns a command that starts this program again to run only the given test. In that process, [`is_child`](crate::is_child)
/// returns `true`, and the test runner does not capture the output. The test must be a function of the module that uses the
/// macro.
#[macro_export]
macro_rules! child_of {
    ($test:ident) => {{
        // Fails to compile if there is no such function.
        let _: fn() = $test;
        $crate::child_command(concat!(module_path!(), "::", stringify!($test)))
    }};
}

/// The expansion of [`child_of`](crate::child_of); not for direct use.
///
/// # Panics
///
/// Panics if the system does not provide the path of this program.
#[doc(hidden)]
#[must_use]
pub fn child_command(path: &str) -> Command {
    // The runner omits the crate from the name of a test.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    let program = std::env::current_exe().expect("the system provides the path of the program");
    let mut command = Command::new(program);
    command.args(["--nocapture", "--exact", name, CHILD]);
    command
}

/// Returns whether [`child_of`](crate::child_of) started this process.
#[must_use]
pub fn is_child() -> bool {
    std::env::args().any(|argument| argument == CHILD)
}
