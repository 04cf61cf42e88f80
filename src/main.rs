use std::process::ExitCode;

fn main() -> ExitCode {
    sottovoce::ui::cli::main()
}
