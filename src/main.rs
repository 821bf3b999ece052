//! The command line: parse, run, exit code.

/// Halves the cost of an actor message against the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stormglass::main()
}
