//! What partners may ask of whom, and what they are told.

use clock::Timestamp;
use member_identity::OrganizationPath;

use super::Slug;

/// How a member is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    /// By the id that eligibility gave out.
    MemberId,
    /// By the number of an identity document.
    IdNumber,
    /// By the rotating code of a card.
    CardCode,
    /// By the number of a card.
    CardNumber,
    /// By an account of the partner's own.
    LinkedAccount,
}

/// What is told besides yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// The highest level of a model worker.
    ModelWorkerLevel,
    /// The trade.
    Trade,
    /// Where the member works.
    Region,
}

/// A word of a closed list that a set is made of.
pub trait Listed: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// The word that the store knows it by.
    fn as_str(self) -> &'static str;
}

impl Listed for ReferenceKind {
    const ALL: &'static [Self] =
        &[Self::MemberId, Self::IdNumber, Self::CardCode, Self::CardNumber, Self::LinkedAccount];

    fn as_str(self) -> &'static str {
        match self {
            Self::MemberId => "MEMBER_ID",
            Self::IdNumber => "ID_NUMBER",
            Self::CardCode => "CARD_CODE",
            Self::CardNumber => "CARD_NUMBER",
            Self::LinkedAccount => "LINKED_ACCOUNT",
        }
    }
}

impl Listed for Claim {
    const ALL: &'static [Self] = &[Self::ModelWorkerLevel, Self::Trade, Self::Region];

    fn as_str(self) -> &'static str {
        match self {
            Self::ModelWorkerLevel => "MODEL_WORKER_LEVEL",
            Self::Trade => "TRADE",
            Self::Region => "REGION",
        }
    }
}

/// Some words of a list, each once, in the list's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T>(Vec<T>);

impl<T: Listed> Chosen<T> {
    /// Those of the list that are among `words`.
    pub fn of(words: &[T]) -> Self {
        Self(T::ALL.iter().copied().filter(|word| words.contains(word)).collect())
    }

    /// Whether a word is chosen.
    pub fn has(&self, word: T) -> bool {
        self.0.contains(&word)
    }

    /// The words, in order.
    pub fn words(&self) -> &[T] {
        &self.0
    }

    /// The words as the store knows them, joined by `;`.
    pub fn text(&self) -> String {
        let words: Vec<&str> = self.0.iter().map(|word| word.as_str()).collect();
        words.join(";")
    }

    /// Reads that text.
    pub fn parse(text: &str) -> Option<Self> {
        let find = |word: &str| T::ALL.iter().copied().find(|one| one.as_str() == word);
        let words = text.split(';').filter(|word| !word.is_empty()).map(find);
        words.collect::<Option<Vec<T>>>().map(|words| Self::of(&words))
    }
}

/// What names a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantKey {
    /// The subject of the partner's tokens.
    pub partner: String,
    /// What the partner asks for.
    pub purpose: Slug,
    /// Whose members: those of this organization and of all below it.
    pub organization: OrganizationPath,
}

/// What a partner may ask for a purpose within an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its name.
    pub key: GrantKey,
    /// How members may be named. None: nothing is granted.
    pub references: Chosen<ReferenceKind>,
    /// What is told of them besides yes.
    pub claims: Chosen<Claim>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Grant {
    /// Whether it says the same as another.
    pub fn says(&self, other: &Self) -> bool {
        (&self.references, &self.claims) == (&other.references, &other.claims)
    }
}
