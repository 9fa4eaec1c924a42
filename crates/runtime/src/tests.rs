use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, SystemClock};
use rpc::{Admission, Signer, Verifier};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    #[serde(default)]
    process: ProcessConfig,
}

impl ServiceConfig for Example {
    fn process(&self) -> &ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        self.process.problems()
    }
}

fn read(toml: &str) -> Result<Example, ConfigProblem> {
    let folder = std::env::temp_dir().join(format!("zhisong-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let name = toml.len().to_string() + ".toml";
    std::fs::write(folder.join(&name), toml).expect("a file");
    load("example", Some(&folder.join(&name)))
}

#[test]
fn a_wrong_configuration_lists_all_its_problems_at_once() {
    let toml = "[process]\nlisten = \"0.0.0.0:7000\"\nclock = { mode = \"manual\" }\n";
    let text = read(toml).expect_err("is wrong").to_string();
    for part in ["3 problem(s)", "plaintext beyond loopback", "profile = \"test\"", "callers.keys"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let text = read("[process]\nlissen = \"127.0.0.1:7000\"\n").expect_err("unknown").to_string();
    assert!(text.contains("lissen"), "{text}");
}

#[test]
fn a_manual_clock_starts_at_its_day_in_shanghai() {
    let toml = "[process]\nprofile = \"test\"\n[process.clock]\nmode = \"manual\"\n\
                start = \"2022-07-22\"\n[[process.callers.keys]]\nkey_id = \"a\"\n\
                public_key_file = \"a.pem\"\n";
    let config = read(toml).expect("is right");
    assert_eq!(config.process.clock().now().to_string(), "2022-07-21T16:00:00Z");
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a small payload").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn callers_who_hang_up_at_once_do_not_end_the_calls_of_others_on_their_connection() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (_, public) = Signer::generate().expect("a key");
    let verifier = Verifier::new(&[(String::from("test"), public)], clock.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("bound");
    let options = ServeOptions {
        listener,
        clock,
        verifier: Arc::new(verifier.expect("a key")),
        admission: Admission::at_most(100),
        drain_timeout: Duration::from_secs(1),
    };
    tokio::spawn(serve(Vec::new(), options, std::future::pending()));

    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(SETTINGS, 0, 0, &[]));
    for stream in (1..1_000).step_by(2) {
        // POST, http, / from the static table (RFC 7541), and the end of the headers.
        sent.extend(frame(HEADERS, 4, stream, &[0x83, 0x86, 0x84]));
        sent.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    sent.extend(frame(PING, 0, 0, b"still on"));
    let mut connection = TcpStream::connect(at).await.expect("it listens");
    connection.write_all(&sent).await.expect("it is sent");
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head).await.expect("it answers");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("a small payload")];
        connection.read_exact(&mut payload).await.expect("it answers");
        assert_ne!(head[3], GOAWAY, "{}", String::from_utf8_lossy(&payload));
        if head[3] == PING {
            break assert_eq!(payload, b"still on");
        }
    }
}
