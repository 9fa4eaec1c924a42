//! The redemption service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    redemption::main()
}
