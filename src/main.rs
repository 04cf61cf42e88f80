use std::process::ExitCode;

/// A call makes and frees some hundred small pieces on several threads, which takes a tenth of it less than with the
/// system's own (`benches/README.md`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sottovoce::ui::cli::main()
}
