use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::binaries;

/// Tries to find the port open, and looks after killed processes, are this long apart.
const TRY_EVERY: Duration = Duration::from_millis(20);
/// Tries before a start counts as failed: half a minute.
const TRIES_MAX: u32 = 1_500;
/// PostgreSQL refuses to run as root; this is whom Debian makes for it.
const UNPRIVILEGED: &str = "postgres";

/// How a throw-away server is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether commits reach the disk before they are answered. Off only where nothing crashes and
    /// nothing is measured.
    pub fsync: bool,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The binaries are not there.
    #[error("PostgreSQL is not installed: install postgresql, or set ZHISONG_TEST_POSTGRES")]
    NotInstalled,
    /// Something of the system did not work.
    #[error("{step}: {source}")]
    System {
        /// What was being done.
        step: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A binary ended with a failure.
    #[error("{step} failed; its output ends with: {output}")]
    Failed {
        /// What was being done.
        step: &'static str,
        /// The end of what it printed.
        output: String,
    },
}

fn system(step: &'static str) -> impl Fn(io::Error) -> Problem {
    move |source| Problem::System { step, source }
}

/// A running server. Killed, and its folder removed, when this is dropped.
pub struct Server {
    binaries: PathBuf,
    folder: TempDir,
    user: Option<(u32, u32)>,
    port: u16,
    settings: Settings,
    process: Option<Child>,
}

impl Server {
    /// Makes a cluster in a folder of its own and starts it.
    pub fn start(settings: Settings) -> Result<Self, Problem> {
        let binaries = binaries::find().ok_or(Problem::NotInstalled)?;
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir();
        let folder = folder.map_err(system("making the server's folder"))?;
        let user = unprivileged()?;
        if let Some((uid, gid)) = user {
            let chowned = chown(folder.path(), Some(uid), Some(gid));
            chowned.map_err(system("giving the folder to the server's user"))?;
        }
        let mut server = Self { binaries, folder, user, port: 0, settings, process: None };
        server.initialise()?;
        server.port = free_port()?;
        server.run()?;
        Ok(server)
    }

    /// `postgres://postgres@127.0.0.1:PORT`, to which a database's name is added.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// The process that clients connect to.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Child::id)
    }

    /// Ends it as a power cut of the process would: nothing is written any more.
    pub fn kill(&mut self) -> Result<(), Problem> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let step = "killing the server";
        // Its backends would go on for a moment and keep the shared memory: end them all, and let it
        // make no new ones meanwhile.
        send(process.id(), Signal::STOP)?;
        let backends = children(process.id());
        for backend in &backends {
            send(*backend, Signal::KILL)?;
        }
        process.kill().map_err(system(step))?;
        process.wait().map_err(system(step))?;
        for _ in 0..TRIES_MAX {
            if !backends.iter().any(|backend| is_running(*backend)) {
                break;
            }
            std::thread::sleep(TRY_EVERY);
        }
        Ok(())
    }

    /// Starts it again on the same folder and port.
    pub fn run(&mut self) -> Result<(), Problem> {
        let fsync = if self.settings.fsync { "on" } else { "off" };
        // A server that was killed leaves its lock file; nobody else uses this folder.
        let lock = self.data().join("postmaster.pid");
        if lock.exists() {
            std::fs::remove_file(&lock).map_err(system("removing the lock file"))?;
        }
        let log = std::fs::File::create(self.folder.path().join("server.log"));
        let log = log.map_err(system("making the server's log"))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.args(["-c", "max_connections=200", "-c", "shared_buffers=256MB"]);
        command.args(["-c", "max_wal_size=4GB", "-c", &format!("fsync={fsync}")]);
        command.stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().map_err(system("starting postgres"))?);
        self.wait_until_ready()
    }

    fn initialise(&self) -> Result<(), Problem> {
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data());
        command.args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"]);
        command.args(["--locale", "C"]);
        let made = command.output().map_err(system("starting initdb"))?;
        match made.status.success() {
            true => Ok(()),
            false => Err(Problem::Failed {
                step: "initdb",
                output: tail(&String::from_utf8_lossy(&made.stderr)),
            }),
        }
    }

    /// A server accepts connections before it can be used; a start-up packet tells.
    fn wait_until_ready(&mut self) -> Result<(), Problem> {
        for _ in 0..TRIES_MAX {
            if let Some(process) = self.process.as_mut()
                && process.try_wait().map_err(system("watching postgres"))?.is_some()
            {
                return Err(self.failed());
            }
            if is_ready(self.port) {
                return Ok(());
            }
            std::thread::sleep(TRY_EVERY);
        }
        Err(self.failed())
    }

    fn failed(&self) -> Problem {
        let log = std::fs::read_to_string(self.folder.path().join("server.log"));
        Problem::Failed { step: "postgres", output: tail(&log.unwrap_or_default()) }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("LC_ALL", "C");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(problem) = self.kill() {
            eprintln!("a throw-away PostgreSQL was left behind: {problem}");
        }
    }
}

/// User and group to run as when we are root; none when we are not.
fn unprivileged() -> Result<Option<(u32, u32)>, Problem> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let step = "finding the user postgres";
    let users = std::fs::read_to_string("/etc/passwd").map_err(system(step))?;
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.into_iter().find(|fields| fields.first() == Some(&UNPRIVILEGED));
    let number = |at: usize| found.as_ref()?.get(at)?.parse().ok();
    match number(2).zip(number(3)) {
        Some(user) => Ok(Some(user)),
        None => {
            let output = "there is no user postgres, and PostgreSQL does not run as root";
            Err(Problem::Failed { step, output: output.to_owned() })
        }
    }
}

fn free_port() -> Result<u16, Problem> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|port| port.local_addr());
    bound.map(|address| address.port()).map_err(system("finding a free port"))
}

/// An SSLRequest (protocol 3, message formats) is answered with one byte only by a server that
/// has started its work; during start-up and recovery the start-up packet is refused instead, so
/// a start-up packet of our own is what tells.
fn is_ready(port: u16) -> bool {
    let attempt = || -> io::Result<bool> {
        use std::io::{Read as _, Write as _};
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let parameters = b"user\0postgres\0database\0postgres\0\0";
        let length = 8 + parameters.len() as u32;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&196_608_u32.to_be_bytes())?;
        stream.write_all(parameters)?;
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        // 'R' asks for no password or says welcome; 'E' is an error such as "starting up".
        Ok(kind == *b"R")
    };
    attempt().unwrap_or(false)
}

/// The processes whose parent is `parent`.
fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let listed = std::fs::read_to_string(Path::new(&path)).unwrap_or_default();
    listed.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn send(pid: u32, signal: Signal) -> Result<(), Problem> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(problem) => Err(system("killing a backend")(problem.into())),
    }
}

/// Whether a process still has memory: one that is dead and not waited for has none.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

fn tail(text: &str) -> String {
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
}
