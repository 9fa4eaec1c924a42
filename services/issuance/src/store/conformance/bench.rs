use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use benefit::programme;
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{MemberId, OrganizationPath, PersonKey, Shard};

use crate::domain::{
    Caller, Campaign, CampaignAction, CampaignCommand, CampaignId, CampaignRefusal, CampaignVerb,
    ClaimCommand, FailedCriterion, JudgedBy, MemberVerdict, StockKey, Voucher, WHOLE,
};
use crate::store::{ClaimAnswers, ClaimBatch, Store, StoreError};

/// An empty store, and what a case does with it.
#[derive(Clone)]
pub struct Bench {
    /// The store.
    pub store: Arc<dyn Store>,
    /// A second store on the same database, as another process has it.
    other: Arc<dyn Store>,
    drawn: Arc<AtomicU64>,
}

/// A campaign as a case wants it; the rest is the same in all.
#[derive(Clone, Copy, Debug)]
pub struct Offer {
    /// Its name.
    pub id: &'static str,
    /// Who offers it.
    pub organization: &'static str,
    /// `day` or `campaign`.
    pub stock_period: &'static str,
    /// Vouchers in one stock period.
    pub quota: u32,
    /// `day` or `campaign`.
    pub limit_period: &'static str,
    /// Vouchers a person may have in one limit period.
    pub per_person: u32,
    /// Its title.
    pub title: &'static str,
    /// The fund that it draws on.
    pub fund: Option<&'static str>,
    /// What its vouchers are worth: the kind, its figures and the refund rule, as a file has them.
    pub worth: &'static str,
}

/// Money off for every purchase.
const WORTH: &str = r#"kind = "AMOUNT_OFF"
threshold_fen = 300
amount_fen = 299
refund_rule = "RIGHT_RETURNS""#;

impl Default for Offer {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Offer {
    /// What a case wants when it does not say.
    pub const DEFAULT: Self = Self {
        id: "cool-drinks",
        organization: "gd",
        stock_period: "day",
        quota: 1_000,
        limit_period: "day",
        per_person: 1,
        title: "Cool drinks",
        fund: None,
        worth: WORTH,
    };

    /// Its programme file: from 22 to 24 July 2022, from ten o'clock.
    pub fn source(&self) -> String {
        let Self { id, organization, stock_period, quota, .. } = self;
        let Self { limit_period, per_person, title, worth, .. } = self;
        let fund = self.fund.map(|fund| format!("\nfund = \"{fund}\"")).unwrap_or_default();
        format!(
            r#"
schema = 1
campaign = "{id}"
organization = "{organization}"
title = {{ zh = "智送清凉", en = "{title}" }}{fund}
[schedule]
zone = "Asia/Shanghai"
starts_on = "2022-07-22"
ends_on = "2022-07-24"
claim_hours = ["10:00-24:00"]
[stock]
period = "{stock_period}"
quota = {quota}
[limit]
period = "{limit_period}"
per_person = {per_person}
[terms]
{worth}
valid_for = "business-day"
[policy]
id = "outdoor-trades"
[[policy.criteria]]
id = "six-trades"
expression = 'member.trade == "COURIER"'
text = {{ zh = "仅限快递员领取", en = "For couriers only" }}
"#
        )
    }

    /// Its name as the domain has it.
    pub fn campaign_id(&self) -> CampaignId {
        self.id.parse().expect("a slug")
    }

    /// The stock of that day, or of the campaign.
    pub fn stock_key(&self, day: &str) -> StockKey {
        let period = match self.stock_period {
            "day" => format!("day:{day}"),
            period => period.to_owned(),
        };
        StockKey { campaign_id: self.campaign_id(), period, slice: WHOLE }
    }
}

/// Noon of a day of July 2022 in Shanghai.
pub fn noon(day: &str) -> Timestamp {
    at_minute(day, 12 * 60)
}

/// A minute of a day in Shanghai.
pub(super) fn at_minute(day: &str, minute: u16) -> Timestamp {
    BusinessDay::parse(day).expect("a day").at_minute(minute, &Zone::shanghai())
}

/// The day before the campaign begins.
pub fn eve() -> Timestamp {
    noon("2022-07-21")
}

/// The person with that number; their shards differ.
pub fn person(number: u32) -> PersonKey {
    let mut bytes = [0x5a; 16];
    bytes[..4].copy_from_slice(&number.reverse_bits().to_be_bytes());
    PersonKey::from_bytes(bytes)
}

/// The one membership of a person.
pub(super) fn member(number: u32) -> MemberId {
    let shard = person(number).shard();
    let mut entropy = [0; 9];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    MemberId::mint(shard, Timestamp::from_micros(0), entropy)
}

/// Another membership of a person.
pub(super) fn other_member(number: u32) -> MemberId {
    MemberId::mint(
        Shard(0),
        Timestamp::from_micros(0),
        number.to_be_bytes().repeat(3)[..9].try_into().expect("nine"),
    )
}

/// An app or an office for a subtree.
pub(super) fn caller(partner: &str, organization: &str) -> Caller {
    let organization = OrganizationPath::parse(organization).expect("a path");
    Caller { partner: partner.parse().expect("a key"), organization: Some(organization) }
}

impl Bench {
    /// Over an empty store, for a test that needs no second one.
    pub fn over(store: Arc<dyn Store>) -> Self {
        Self::over_both(Arc::clone(&store), store)
    }

    /// Over two stores on one empty database.
    pub fn over_both(store: Arc<dyn Store>, other: Arc<dyn Store>) -> Self {
        Self { store, other, drawn: Arc::default() }
    }

    /// The same over the other store.
    pub(super) fn replica(&self) -> Self {
        let (store, other) = (Arc::clone(&self.other), Arc::clone(&self.store));
        Self { store, other, drawn: Arc::clone(&self.drawn) }
    }

    /// Applies and activates a campaign.
    pub async fn activate(&self, offer: Offer) -> Campaign {
        self.apply("apply", offer, eve()).await.expect("is applied");
        self.change("activate", offer, CampaignVerb::Activate).await.expect("is activated")
    }

    /// Applies a programme file, under a request id.
    pub(super) async fn apply(
        &self,
        request_id: &str,
        offer: Offer,
        at: Timestamp,
    ) -> Result<Campaign, CampaignRefusal> {
        let source = offer.source();
        let programme = programme::parse(&source).expect("the programme is good");
        let action = CampaignAction::Apply {
            campaign_id: offer.campaign_id(),
            programme: Arc::new(programme),
            source: Arc::from(source),
        };
        self.command_campaign("ops", (request_id, action), at).await
    }

    /// Moves a campaign on the eve, under a request id.
    pub async fn change(
        &self,
        request_id: &str,
        offer: Offer,
        verb: CampaignVerb,
    ) -> Result<Campaign, CampaignRefusal> {
        let action = CampaignAction::Move { campaign_id: offer.campaign_id(), verb };
        self.command_campaign("ops", (request_id, action), eve()).await
    }

    /// One campaign verb of an office of Guangdong.
    pub(super) async fn command_campaign(
        &self,
        partner: &str,
        (request_id, action): (&str, CampaignAction),
        at: Timestamp,
    ) -> Result<Campaign, CampaignRefusal> {
        let (caller, id) = (caller(partner, "gd"), request_id);
        let request_id = format!("{}-{id}", action.campaign_id()).parse().expect("a key");
        let command = CampaignCommand { caller, request_id, action };
        self.store.change_campaign(command, at).await.expect("the store answers")
    }

    /// A claim of a qualifying person, under a request id.
    pub fn wish(&self, number: u32, request_id: &str) -> ClaimCommand {
        let mut entropy = [0; 9];
        entropy[1..].copy_from_slice(&self.drawn.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        ClaimCommand {
            caller: caller("app", "gd"),
            request_id: request_id.parse().expect("a key"),
            member_id: member(number),
            verdict: MemberVerdict::Known {
                person: person(number),
                organization: OrganizationPath::parse("gd/guangzhou").expect("a path"),
                failed: None,
            },
            entropy,
        }
    }

    /// Claims at an instant, judged for the offer's policy on that day.
    pub async fn claim(
        &self,
        offer: Offer,
        at: Timestamp,
        commands: Vec<ClaimCommand>,
    ) -> ClaimAnswers {
        self.store.claim_batch(batch(offer, at, commands)).await.expect("the store answers")
    }

    /// The same, again for as long as it meets other changes.
    pub(super) async fn claim_until_done(
        &self,
        offer: Offer,
        at: Timestamp,
        commands: Vec<ClaimCommand>,
    ) -> ClaimAnswers {
        let batch = batch(offer, at, commands);
        loop {
            match self.store.claim_batch(batch.clone()).await {
                Err(StoreError::Conflict) => {}
                answers => return answers.expect("the store answers"),
            }
        }
    }

    /// Claims of the persons with these numbers, each under a request id of its own.
    pub(super) async fn claim_for(
        &self,
        offer: Offer,
        at: Timestamp,
        numbers: std::ops::Range<u32>,
    ) -> ClaimAnswers {
        let wish = |number: u32| self.wish(number, &format!("claim-{number}-{}", at.as_seconds()));
        self.claim(offer, at, numbers.map(wish).collect()).await
    }

    /// Every voucher of a stock, by its feed.
    pub(super) async fn fed(&self, stock: &StockKey) -> Vec<Voucher> {
        self.store.voucher_feed(stock, 0, 1_000_000).await.expect("the feed is read").vouchers
    }
}

/// Claims of an offer, judged for its policy on the day of that instant.
fn batch(offer: Offer, at: Timestamp, commands: Vec<ClaimCommand>) -> ClaimBatch {
    let day = BusinessDay::of(at, &Zone::shanghai());
    let judged_by = JudgedBy { policy_id: "outdoor-trades".to_owned(), day };
    ClaimBatch { campaign_id: offer.campaign_id(), judged_by, at, commands: commands.into() }
}

/// The verdict of a person who fails the policy's criterion.
pub(super) fn failing(mut command: ClaimCommand) -> ClaimCommand {
    let MemberVerdict::Known { failed, .. } = &mut command.verdict else {
        return command;
    };
    *failed = Some(FailedCriterion {
        criterion_id: "six-trades".to_owned(),
        text_zh: "仅限快递员领取".to_owned(),
        text_en: "For couriers only".to_owned(),
    });
    command
}
