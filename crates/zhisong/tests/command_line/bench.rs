//! The services as a process of their own, and the command line as others that ask them.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub const ZHISONG: &str = env!("CARGO_BIN_EXE_zhisong");
/// The day on which every test begins, at midnight.
pub const DAY: &str = "2022-07-22";
pub const CAMPAIGN: &str = "guangdong-cool-drinks-2022";

/// The folder of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("it exists")
}

/// A programme file of the repository.
pub fn programme(name: &str) -> String {
    let path = repository().join("deploy/programmes").join(format!("{name}.toml"));
    path.to_str().expect("the path is text").to_owned()
}

/// What a command came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let ran = command.stdin(Stdio::null()).output().expect("a command starts");
        let text = |bytes| String::from_utf8(bytes).expect("everything printed is text");
        Self { code: ran.status.code(), stdout: text(ran.stdout), stderr: text(ran.stderr) }
    }

    /// The one JSON object on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }
}

/// A command in a folder, with nothing from the environment of the tests.
pub fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    ["ZHISONG_SERVER", "ZHISONG_TOKEN", "ZHISONG_LOG"].iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// `zhisong up` in a folder of its own, on a clock that stands.
pub struct Served {
    pub folder: TempDir,
    pub server: String,
    up: Child,
}

impl Served {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (up, server) = up(folder.path());
        Self { folder, server, up }
    }

    /// Ends the process without a word, as a crash does.
    pub fn kill(&mut self) {
        self.up.kill().expect("it runs");
        self.up.wait().expect("it ends");
    }

    /// Serves the same folder again.
    pub fn restart(&mut self) {
        (self.up, self.server) = up(self.folder.path());
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("the folder can be written");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file is there")
    }

    /// Runs a command, given as words; one that holds blanks is not among them.
    pub fn run(&self, words: &str) -> Ran {
        self.run_words(&words.split_whitespace().collect::<Vec<_>>())
    }

    pub fn run_words(&self, words: &[&str]) -> Ran {
        let mut command = command(ZHISONG, self.folder.path());
        Ran::of(command.args(words).env("ZHISONG_SERVER", &self.server))
    }

    /// Runs a command that must succeed, and gives its JSON.
    pub fn json(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert_eq!(ran.code, Some(0), "{words}: {ran:?}");
        ran.json()
    }

    /// Runs a command that the service must refuse, and gives the error object.
    pub fn refused(&self, words: &str) -> Value {
        let ran = self.run(&format!("{words} --json"));
        assert_eq!(ran.code, Some(1), "{words}: {ran:?}");
        ran.json()["error"].clone()
    }

    /// The union tree that made-up rosters name.
    pub fn create_unions(&self) {
        let created =
            self.json("organization create gd --region 440000 --name 总工会 --with-cities");
        assert_eq!(created["organizations"].as_array().map(Vec::len), Some(22), "{created}");
    }

    /// Unions, a roster and an active campaign, at ten o'clock; gives the members' ids.
    pub fn open_campaign(&self, members: usize) -> Vec<String> {
        self.create_unions();
        self.run(&format!("roster generate --members {members} --headers en members.csv"));
        self.json("roster import members.csv --organization gd");
        self.json(&format!("campaign apply {} --activate", programme(CAMPAIGN)));
        self.json("clock set 2022-07-22T10:00");
        let listed = self.json("member list");
        let ids = listed["members"].as_array().expect("a list").iter();
        ids.map(|member| member["member_id"].as_str().expect("an id").to_owned()).collect()
    }
}

impl Served {
    /// Claims a voucher for a member, and waits until redemption has heard of it.
    pub fn claim(&self, member: &str, request_id: &str) -> Value {
        let claim = format!("claim --campaign {CAMPAIGN} --member {member}");
        let claimed = self.json(&format!("{claim} --request-id {request_id}"));
        let wallet = || self.json(&format!("wallet --member {member}"));
        until("the voucher is in the wallet", || wallet()["vouchers"].get(0).is_some());
        claimed
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.up.kill();
        let _ = self.up.wait();
    }
}

/// Asks again and again. The services tell each other what has happened within moments.
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    const ASKED_MAX: usize = 1_000;
    assert!((0..ASKED_MAX).any(|_| happened()), "{what}: not so after {ASKED_MAX} questions");
}

fn up(folder: &Path) -> (Child, String) {
    let mut up = command(ZHISONG, folder)
        .args(["up", "--listen", "127.0.0.1:0", "--manual-clock", DAY])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the services start");
    let server = address(&mut up);
    (up, server)
}

/// Where a started `up` says that it serves. What it prints behind that is few lines.
pub fn address(up: &mut Child) -> String {
    let stdout = BufReader::new(up.stdout.as_mut().expect("it is piped"));
    let serving = stdout.lines().map(|line| line.expect("it is text"));
    let mut serving = serving.filter_map(|line| {
        let rest = line.strip_prefix("serving gRPC at ")?.to_owned();
        rest.split(';').next().map(str::to_owned)
    });
    format!("http://{}", serving.next().expect("it says where it serves"))
}

/// A way to a server that breaks after so many bytes have gone there.
pub fn breaking_way(server: &str, bytes: u64) -> String {
    let server = server.strip_prefix("http://").expect("an address").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("the command connects");
        let mut served = TcpStream::connect(server).expect("the server serves");
        let mut back = (served.try_clone().expect("copies"), client.try_clone().expect("copies"));
        // Ends when either side closes.
        thread::spawn(move || std::io::copy(&mut back.0, &mut back.1));
        let mut there = Read::by_ref(&mut client).take(bytes);
        // Either side may be gone by the end, which is what this is for.
        let _ = std::io::copy(&mut there, &mut served).and_then(|_| served.flush());
        let _ = client.shutdown(Shutdown::Both);
        let _ = served.shutdown(Shutdown::Both);
    });
    format!("http://{address}")
}
