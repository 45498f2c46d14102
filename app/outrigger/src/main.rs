//! The binary: an allocator, and the command line.

use std::process::ExitCode;

/// The system's allocator gives the cache's many small blocks back late and takes more of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    outrigger_cli::main(std::env::args_os())
}
