//! The three services as one process: `zhisong up`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitStatus};

use crate::clients::{APP, Addresses, Clients, OFFICE, OPS, PLATFORM, Tokens};
use crate::process::{Process, ProcessProblem};

/// What `up` says before its address.
const SERVING: &str = "serving gRPC at ";

/// A suite that serves.
pub struct Suite {
    process: Process,
    address: SocketAddr,
    tokens: Tokens,
}

/// The command that serves a data folder on a free port, with business time standing at midnight
/// of a day.
pub fn up(program: &Path, folder: &Path, day: &str) -> Command {
    let mut command = Command::new(program);
    command.arg("up").arg("--data").arg(folder);
    command.args(["--listen", "127.0.0.1:0", "--manual-clock", day]);
    command
}

impl Suite {
    /// Starts the command and waits until it has told its address and all tokens.
    pub async fn start(command: Command) -> Result<Self, ProcessProblem> {
        let mut process = Process::spawn("zhisong up", command)?;
        let line = process.line(|line| line.starts_with(SERVING)).await?;
        let address = line[SERVING.len()..].split(';').next().unwrap_or_default();
        let address = address.parse().expect("up tells a socket address");
        let mut tokens = Tokens::new();
        for subject in [OFFICE, APP, PLATFORM, OPS] {
            let token = |line: &str| Some(line.strip_prefix(subject)?.trim().to_owned());
            let line = process.line(|line| token(line).is_some()).await?;
            tokens.insert(subject.to_owned(), token(&line).expect("the line was chosen so"));
        }
        Ok(Self { process, address, tokens })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its callers.
    pub fn clients(&self) -> Clients {
        Clients::new(Addresses::one(self.address), &self.tokens)
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<(), ProcessProblem> {
        self.process.kill()
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(mut self) -> Result<ExitStatus, ProcessProblem> {
        self.process.terminate()?;
        self.process.ended().await
    }
}
