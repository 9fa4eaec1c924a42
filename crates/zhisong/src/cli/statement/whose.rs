//! Whose statement or totals are asked for.

/// A counterparty, as it is named to the command line.
#[derive(Debug, Clone)]
pub(super) enum Counterparty {
    Platform(String),
    Funder(String),
    Chain(String),
}

pub(super) fn parse_counterparty(text: &str) -> Result<Counterparty, String> {
    match text.split_once(':') {
        Some(("platform", name)) if !name.is_empty() => Ok(Counterparty::Platform(name.to_owned())),
        Some(("funder", path)) if !path.is_empty() => Ok(Counterparty::Funder(path.to_owned())),
        Some(("chain", name)) if name.contains(':') => Ok(Counterparty::Chain(name.to_owned())),
        Some(_) | None => Err(format!(
            "{text:?} is neither platform:NAME nor funder:ORGANIZATION nor chain:ORGANIZATION:CHAIN"
        )),
    }
}

impl Counterparty {
    /// The fields of a request that name it: platform, funder and chain.
    pub(super) fn fields(whose: Option<Self>) -> [String; 3] {
        let mut fields = <[String; 3]>::default();
        match whose {
            Some(Self::Platform(name)) => fields[0] = name,
            Some(Self::Funder(path)) => fields[1] = path,
            Some(Self::Chain(name)) => fields[2] = name,
            None => {}
        }
        fields
    }
}
