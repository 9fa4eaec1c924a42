use std::fmt;
use std::str::FromStr;

use benefit::Category;
use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode};

use crate::domain::{ChainId, Partner, ShopId};

/// The most characters of a title and of the text of a stop.
const TEXT_CHARS_MAX: usize = 100;
/// The goods category of a text that is neither mapped nor a key of ours. Only terms that apply to
/// all goods cover it, and they may exclude it by this key.
const UNMAPPED: &str = "unmapped";
/// The most characters of a shop's own text of a category.
const GOODS_TEXT_CHARS_MAX: usize = 64;

/// How a shop is named: by its platform, and by the platform's own id of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShopKey {
    /// The payment platform.
    pub platform: Partner,
    /// The platform's own id.
    pub shop_id: ShopId,
}

/// `wepay/shop-1`: no key has a slash in it.
impl fmt::Display for ShopKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.platform, self.shop_id)
    }
}

/// Whether a shop or a till takes vouchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShopStage {
    /// It does.
    Open,
    /// It takes none of the campaigns that its organization speaks for.
    Blocked,
}

impl ShopStage {
    /// The name in tables: `OPEN` or `BLOCKED`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Blocked => "BLOCKED",
        }
    }

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Blocked].into_iter().find(|stage| stage.name() == name)
    }
}

/// A registered shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Its name.
    pub key: ShopKey,
    /// Whose ops see and change it.
    pub organization: OrganizationPath,
    /// What is over its door.
    pub title: ShopText,
    /// Where it stands.
    pub region: RegionCode,
    /// The chain that it belongs to.
    pub chain: Option<ChainId>,
    /// Whether it takes vouchers.
    pub stage: ShopStage,
    /// How often it was changed, from 1.
    pub version: i64,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

/// A text that is shown: trimmed, 1 to 100 characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShopText(String);

/// A shop's own text of a goods category, exactly as tills send it: 1 to 64 characters without
/// control characters. A key of ours is one too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GoodsText(String);

/// A text is empty, too long, or has control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {chars_max} characters without control characters")]
pub struct TextProblem {
    /// The most characters of such a text.
    chars_max: usize,
}

impl ShopText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShopText {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        checked(text.trim(), TEXT_CHARS_MAX).map(Self)
    }
}

/// The text.
impl fmt::Display for ShopText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl GoodsText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The category when nobody has mapped the text: a key of ours is itself.
    pub fn unmapped(&self) -> Category {
        let category = Category::parse(&self.0);
        category.unwrap_or_else(|_| Category::parse(UNMAPPED).expect("it is a key"))
    }
}

/// A key of ours as the text of a line.
impl From<&Category> for GoodsText {
    fn from(category: &Category) -> Self {
        Self(category.to_string())
    }
}

impl FromStr for GoodsText {
    type Err = TextProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        checked(text, GOODS_TEXT_CHARS_MAX).map(Self)
    }
}

/// The text.
impl fmt::Display for GoodsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn checked(text: &str, chars_max: usize) -> Result<String, TextProblem> {
    let allowed = !text.is_empty() && !text.chars().any(char::is_control);
    match allowed && text.chars().count() <= chars_max {
        true => Ok(text.to_owned()),
        false => Err(TextProblem { chars_max }),
    }
}
