use serde::Deserialize;

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
