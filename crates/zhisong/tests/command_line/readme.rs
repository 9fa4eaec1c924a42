//! The commands of the README's section "By hand" are run as they stand there.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::bench::{Ran, ZHISONG, address, command, repository, until};

/// What stands in for `cargo`: the binary is built already.
const CARGO: &str =
    "#!/bin/sh\n[ \"$1\" = build ] || { echo \"not for a test: $*\" >&2; exit 1; }\n";

/// The blocks of commands of a section, in order.
fn blocks(readme: &str, section: &str) -> Vec<String> {
    let (_, section) =
        readme.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or(section);
    let mut parts = section.split("\n```sh\n");
    parts.next();
    let block = |part: &str| part.split_once("\n```").map(|(block, _)| format!("{block}\n"));
    parts.map(|part| block(part).expect("the block ends")).collect()
}

/// A folder with what the commands expect of the repository, and the programs that they call.
fn stage(folder: &Path) {
    symlink(repository().join("deploy"), folder.join("deploy")).expect("a fresh folder");
    let bin = folder.join("target/release");
    std::fs::create_dir_all(&bin).expect("a fresh folder");
    symlink(ZHISONG, bin.join("zhisong")).expect("a fresh folder");
    let tools = folder.join("tools");
    std::fs::create_dir(&tools).expect("a fresh folder");
    std::fs::write(tools.join("cargo"), CARGO).expect("can be written");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(tools.join("cargo"), executable).expect("can be changed");
}

fn shell(folder: &Path, script: &str) -> Command {
    let mut shell = command("sh", folder);
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", folder.join("tools").display());
    shell.args(["-e", "-c", script]).env("PATH", path);
    shell
}

/// One command each, its lines joined.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    joined.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Runs a command as it stands and gives what it prints.
fn run(folder: &Path, server: &str, line: &str) -> String {
    let script = format!("export PATH=\"$PWD/target/release:$PATH\"\n{line}");
    let run = || {
        let ran = Ran::of(shell(folder, &script).env("ZHISONG_SERVER", server));
        assert_eq!(ran.code, Some(0), "{line}\n{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    // A voucher is in the wallet within moments, and nobody types faster than that.
    if line.starts_with("zhisong wallet ") {
        until("the voucher is in the wallet", || run().contains("AVAILABLE"));
    }
    run()
}

/// Ends the services with the test.
struct Terminal(Child);

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_of_the_readme_do_what_it_says() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("is there");
    let blocks = blocks(&readme, "By hand");
    let (serve, rest) = blocks.split_first().expect("the first block serves");
    let folder = tempfile::tempdir().expect("a folder");
    stage(folder.path());

    // Any free port instead of 7000, and no shell between the test and the services.
    assert!(serve.contains("\nzhisong up "), "{serve}");
    let serve = serve.replace("\nzhisong up ", "\nexec zhisong up --listen 127.0.0.1:0 ");
    let up = shell(folder.path(), &serve).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut up = Terminal(up);
    let server = address(&mut up.0);

    let commands = commands(&rest.concat());
    assert!(commands.len() >= 15, "{} commands were found in the README", commands.len());
    let shown: String = commands.iter().map(|line| run(folder.path(), &server, line)).collect();
    for (what, said) in [
        ("the roster", "| added          | 2000"),
        ("the campaign", "| state        | ACTIVE"),
        ("the shops", "| added          | 1 "),
        ("the till", "| taken | yes |"),
        ("the verdict", "| qualifies       | yes"),
        ("the quote", "| discount, yuan     | 2.99"),
        ("the list", "\"refused\":0"),
        ("the refund", "REFUNDED"),
        ("the statement", "| rows           | 2"),
        ("the funder's statement", "| counterparty   | funder:gd"),
        ("the chain's statement", "| counterparty   | chain:gd:corner"),
        ("the reconciliation", "the two sides agree"),
        ("the trial balance", "the ledger balances"),
    ] {
        assert!(shown.contains(said), "{what}:\n{shown}");
    }
    let csv = std::fs::read_to_string(folder.path().join("statement.csv")).expect("was written");
    assert_eq!(csv.lines().count(), 3, "{csv}");
}
