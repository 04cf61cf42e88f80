use std::process::ExitCode;

/// A call makes and frees some hundred small pieces on several threads, which takes a tenth of it less than with the
/// system's own (`benches/README.md`). Without memory in pieces of 2 MiB (`no_thp`): a telephone uses a few MB.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sottovoce::ui::cli::main()
}
