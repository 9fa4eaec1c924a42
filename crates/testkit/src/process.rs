//! A program under test: started, listened to, ended one way or another.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a program may take to say or do what is waited for, before that counts as a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program did not do what was waited for.
#[derive(Debug, thiserror::Error)]
pub enum ProcessProblem {
    /// It could not be started, or not be waited for.
    #[error("{name}: {source}")]
    System {
        /// The program.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended without saying what was waited for.
    #[error("{name} ended; it said:\n{said}")]
    Ended {
        /// The program.
        name: String,
        /// Everything that it said.
        said: String,
    },
    /// It neither ended nor said what was waited for.
    #[error("{name} hangs; it said:\n{said}")]
    Hangs {
        /// The program.
        name: String,
        /// Everything that it said.
        said: String,
    },
}

/// A running program. Dropping it kills it, so that a test that fails leaves nothing behind.
pub struct Process {
    name: String,
    child: Child,
    lines: UnboundedReceiver<String>,
    said: Arc<Mutex<String>>,
}

impl Process {
    /// Starts a program whose output is listened to.
    pub fn spawn(name: &str, mut command: Command) -> Result<Self, ProcessProblem> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let problem = |source| ProcessProblem::System { name: name.to_owned(), source };
        let mut child = command.spawn().map_err(problem)?;
        let (sender, lines) = unbounded_channel();
        let said = Arc::default();
        let out = child.stdout.take().expect("the stream is piped above");
        let err = child.stderr.take().expect("the stream is piped above");
        listen(out, sender.clone(), Arc::clone(&said));
        listen(err, sender, Arc::clone(&said));
        Ok(Self { name: name.to_owned(), child, lines, said })
    }

    /// The system's number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that the program has said on both streams.
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next line, of those not waited for yet, that is `wanted`.
    pub async fn line(&mut self, wanted: impl Fn(&str) -> bool) -> Result<String, ProcessProblem> {
        let found = async {
            while let Some(line) = self.lines.recv().await {
                if wanted(&line) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        let name = self.name.clone();
        match found {
            Ok(Some(line)) => Ok(line),
            Ok(None) => Err(ProcessProblem::Ended { name, said: self.said() }),
            Err(_) => Err(ProcessProblem::Hangs { name, said: self.said() }),
        }
    }

    /// Waits until the program has ended by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus, ProcessProblem> {
        // Both streams end when the process does.
        match self.line(|_| false).await {
            Err(ProcessProblem::Ended { .. }) => self.reap(),
            Err(problem) => Err(problem),
            Ok(_) => unreachable!("no line is wanted"),
        }
    }

    /// `kill -9`: the process is gone when this returns.
    pub fn kill(&mut self) -> Result<(), ProcessProblem> {
        let name = self.name.clone();
        self.child.kill().map_err(|source| ProcessProblem::System { name, source })?;
        self.reap().map(drop)
    }

    /// Asks the process to end, as an operator does.
    pub fn terminate(&self) -> Result<(), ProcessProblem> {
        self.signal(Signal::TERM)
    }

    /// Stops the process where it is, as a machine that hangs does.
    pub fn pause(&self) -> Result<(), ProcessProblem> {
        self.signal(Signal::STOP)
    }

    /// Lets a paused process go on.
    pub fn resume(&self) -> Result<(), ProcessProblem> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<(), ProcessProblem> {
        let problem = |source: rustix::io::Errno| ProcessProblem::System {
            name: self.name.clone(),
            source: source.into(),
        };
        kill_process(Pid::from_child(&self.child), signal).map_err(problem)
    }

    fn reap(&mut self) -> Result<ExitStatus, ProcessProblem> {
        let name = self.name.clone();
        self.child.wait().map_err(|source| ProcessProblem::System { name, source })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended and been waited for, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that does `prelude` in its shell first, as setting a limit that it then lives under;
/// it does not run when the prelude fails.
pub fn after(prelude: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{prelude} && exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(key, value),
            None => shell.env_remove(key),
        };
    }
    shell
}

fn listen(
    stream: impl Read + Send + 'static,
    lines: UnboundedSender<String>,
    said: Arc<Mutex<String>>,
) {
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(stream.read_until(b'\n', &mut bytes), Ok(1..)) {
            let line = String::from_utf8_lossy(&bytes).into_owned();
            said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
            // Nobody may wait for a line any more; what was said is kept all the same.
            let _ = lines.send(line.trim_end().to_owned());
            bytes.clear();
        }
    });
}
