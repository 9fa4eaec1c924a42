//! The issuance service as the tests start it: Cargo builds a package's own binaries before its tests.

use std::process::ExitCode;

fn main() -> ExitCode {
    issuance::main()
}
