//! What several commands take.

use std::path::PathBuf;
use std::time::Duration;

use benefit::Fen;
use clap::{Args, ValueEnum};
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::{GetMemberRequest, MemberReference};

use super::connection::Connection;
use super::failure::Failure;
use crate::tokens::Role;

/// Where the services are, who calls, and how the answer is shown.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    /// Where the services are.
    #[arg(
        long,
        global = true,
        env = "ZHISONG_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:7000"
    )]
    pub server: String,
    /// The token to show; without one, a fitting one is signed with the keys of --data.
    #[arg(long, global = true, env = "ZHISONG_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// The data folder of `zhisong up`, whose keys sign tokens.
    #[arg(long, global = true, value_name = "FOLDER", default_value = "zhisong-data")]
    pub data: PathBuf,
    #[command(flatten)]
    pub shown: Shown,
}

/// How an answer is shown.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Shown {
    /// Prints one JSON object instead of tables; amounts are in fen.
    #[arg(long, global = true)]
    pub json: bool,
    /// The language of refusals.
    #[arg(long, global = true, value_enum, default_value_t = Language::En)]
    pub lang: Language,
}

/// The language of texts for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Chinese.
    Zh,
    /// English.
    En,
}

impl Shown {
    /// How a command shows what it comes to that has nothing to say to programs.
    pub(super) const fn for_people() -> Self {
        Self { json: false, lang: Language::En }
    }
}

impl Language {
    /// The text of this language.
    pub(super) fn of(self, zh: String, en: String) -> String {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// How its locales begin: `zh` of `zh-CN`.
    pub(super) const fn locale(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// Which member.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct WhichMember {
    /// The member, by the id that the registry gave out.
    #[arg(long, visible_alias = "member-id", value_name = "MEM_ID")]
    member: Option<String>,
    /// The member, by the number of an identity document. The shell may remember it: use --member
    /// where you can.
    #[arg(long, value_name = "NUMBER")]
    id_number: Option<String>,
}

impl WhichMember {
    /// As the contracts name a member.
    pub(super) fn reference(&self) -> MemberReference {
        let reference = match (&self.member, &self.id_number) {
            (Some(id), _) => Some(Reference::MemberId(id.clone())),
            (None, number) => number.clone().map(Reference::IdNumber),
        };
        MemberReference { reference }
    }

    /// The member's id: as given, or as the registry knows it.
    pub(super) async fn id(&self, connection: &Connection) -> Result<String, Failure> {
        if let Some(id) = &self.member {
            return Ok(id.clone());
        }
        let mut registry = RegistryServiceClient::new(connection.channel(Role::UnionOffice)?);
        let request = GetMemberRequest { member: Some(self.reference()) };
        let found = registry.get_member(request).await?.into_inner().member;
        let found = found.ok_or_else(|| Failure::missing("member"))?;
        Ok(found.member_id)
    }
}

/// The id of a request that changes something.
#[derive(Debug, Args)]
pub(super) struct RequestId {
    /// Names this request: repeated with the same id, it takes effect once and is answered the
    /// same. Made up and shown when absent.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
}

impl RequestId {
    /// The id as given, or one that is made up. A made-up one is shown before anything is sent,
    /// so that the command can be repeated with it when no answer comes.
    pub(super) fn get(&self) -> String {
        match &self.request_id {
            Some(id) => id.clone(),
            None => {
                let id = format!("cli-{:016x}", rand::random::<u64>());
                eprintln!("request id: {id}");
                id
            }
        }
    }
}

/// Reads yuan with at most two decimals, exactly: `5`, `5.0` or `5.00`.
pub(super) fn parse_yuan(text: &str) -> Result<Fen, String> {
    let wrong = || format!("{text:?} is not an amount in yuan, as 5.00");
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (yuan, cents) = text.split_once('.').unwrap_or((text, "0"));
    if !digits(yuan) || !digits(cents) || cents.len() > 2 {
        return Err(wrong());
    }
    let yuan: i64 = yuan.parse().map_err(|_| wrong())?;
    let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| wrong())?;
    let fen = yuan.checked_mul(100).and_then(|fen| fen.checked_add(cents));
    fen.map(Fen).ok_or_else(wrong)
}

/// Reads a duration: `90s`, `5m`, `2h` or `1d`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration, as 90s, 5m, 2h or 1d");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        Some(_) | None => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * unit))
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, parse_yuan};

    #[test]
    fn yuan_are_read_to_the_fen_and_nothing_else_is() {
        let fen = |text| parse_yuan(text).map(|fen| fen.0).ok();
        assert_eq!(fen("5"), Some(500));
        assert_eq!(fen("5.0"), Some(500));
        assert_eq!(fen("2.99"), Some(299));
        assert_eq!(fen("0.01"), Some(1));
        assert_eq!(fen("0.29"), Some(29), "0.29 * 100 is 28.999... as a float");
        for wrong in
            ["", ".", "5.", ".5", "5.001", "-1", "+1", "1e2", "5,00", "92233720368547758.08"]
        {
            assert_eq!(fen(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_state_their_unit() {
        let seconds = |text| parse_duration(text).map(|duration| duration.as_secs()).ok();
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("24h"), Some(86_400));
        assert_eq!(seconds("1d"), Some(86_400));
        for wrong in ["", "5", "m", "-5m", "5 m", "5分", "99999999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
