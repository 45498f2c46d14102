//! The binary: an allocator, and the command line.

use std::process::ExitCode;

/// The system's allocator gives the many small blocks of requests back late and takes more of them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc 3: for how many milliseconds freed memory stays with the process.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

fn main() -> ExitCode {
    give_memory_back_at_once();
    outrigger_cli::main(std::env::args_os())
}

/// Makes the allocator return freed memory to the system at once instead of after a second and the next allocation. The memory
/// of buffers for values of some megabytes would otherwise add up beside the bounds of the configuration, and stay while
/// nobody asks for anything. `MIMALLOC_PURGE_DELAY` overrides it.
#[expect(
    unsafe_code,
    reason = "an option of the allocator has no safe setter; no other thread runs yet, as the setter demands"
)]
fn give_memory_back_at_once() {
    // SAFETY: the option exists in the pinned version, and the process has one thread.
    unsafe { libmimalloc_sys::mi_option_set_default(PURGE_DELAY, 0) };
}
