//! Who gets a voucher: the rules of Claim.

use std::collections::HashMap;

use benefit::{Fen, LimitPeriod, StockPeriod};
use clock::{BusinessDay, Timestamp};
use member_identity::{MemberId, OrganizationPath, PersonKey, VoucherId};

use super::{
    Caller, Campaign, CampaignId, CampaignState, FailedCriterion, Fund, FundId, JudgedBy,
    MemberVerdict, Partner, RequestId, Stock, StockKey, Voucher, WHOLE,
};

/// One member wants one voucher.
#[derive(Clone, Debug)]
pub struct ClaimCommand {
    /// Who asks for the member.
    pub caller: Caller,
    /// The id of the request.
    pub request_id: RequestId,
    /// The member.
    pub member_id: MemberId,
    /// What eligibility says of the member.
    pub verdict: MemberVerdict,
    /// The random part of the voucher's id.
    pub entropy: [u8; 9],
}

/// Law A1: the scope of a claim's request id, within its campaign.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClaimKey {
    /// The person.
    pub person: PersonKey,
    /// Who asked.
    pub partner: Partner,
    /// The id of the request.
    pub request_id: RequestId,
}

/// What a batch of claims is decided on: everything as stored, under the stock's lock.
#[derive(Clone, Debug)]
pub struct ClaimState {
    /// The campaign.
    pub campaign: Campaign,
    /// The stock of the period.
    pub stock: Stock,
    /// The fund that the campaign draws on; none when it draws on none.
    pub fund: Option<Fund>,
    /// The vouchers of those requests of the batch that took effect before.
    pub replays: HashMap<ClaimKey, Voucher>,
    /// How many the persons of the batch have in the limit period; none when not listed.
    pub taken: HashMap<PersonKey, u32>,
}

/// A voucher to be written, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Winner {
    /// The voucher.
    pub voucher: Voucher,
    /// Its number among those of the person in the limit period, from 1.
    pub n: u32,
    /// Who asked.
    pub partner: Partner,
    /// The id of the request.
    pub request_id: RequestId,
}

/// What a batch of claims came to.
#[derive(Clone, Debug)]
pub struct ClaimEffects {
    /// One answer a command, in their order.
    pub answers: Vec<Result<Voucher, ClaimRefusal>>,
    /// What is to be written, by serial.
    pub winners: Vec<Winner>,
    /// The stock's figures after it.
    pub stock: Stock,
    /// The fund's after it.
    pub fund: Option<Fund>,
}

/// Why there is no voucher, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// The campaign is not offered where the caller is, or the member's organization is not the
    /// caller's to act for.
    OutsideSubtree,
    /// The request id got a voucher for another membership of the person.
    RequestIdReused,
    /// The campaign is not giving out.
    CampaignNotActive {
        /// Its stage.
        state: CampaignState,
    },
    /// The campaign has not begun or is over by its own dates.
    OutsideDates {
        /// Its first day.
        starts_on: BusinessDay,
        /// Its last day.
        ends_on: BusinessDay,
    },
    /// It is one of the campaign's days, but not the hour.
    OutsideHours {
        /// When the campaign opens next.
        opens_at: Timestamp,
    },
    /// The campaign's policy or day is no longer what the verdicts were taken for.
    VerdictsOutdated,
    /// No live member has that id.
    MemberUnknown,
    /// The person has the allowed number.
    PersonLimitReached {
        /// The campaign whose limit it is.
        campaign_id: CampaignId,
        /// The allowed number.
        limit: u32,
        /// When the next limit period opens; none when there is none.
        resets_at: Option<Timestamp>,
    },
    /// Nothing is left of the stock.
    SoldOut {
        /// The campaign whose stock it is.
        campaign_id: CampaignId,
        /// What there was.
        quota: u32,
        /// When the next stock opens; none when there is none.
        resets_at: Option<Timestamp>,
    },
    /// What is free in the campaign's fund is less than a voucher can cost. Other campaigns, whose
    /// vouchers cost less, may still give out of it.
    MoneyExhausted {
        /// The fund.
        fund_id: FundId,
        /// What is free in it.
        free: Fen,
        /// What a voucher can cost.
        liability: Fen,
    },
    /// A criterion of the policy does not hold.
    NotEligible {
        /// The policy.
        policy_id: String,
        /// The criterion.
        failed: FailedCriterion,
    },
}

impl ClaimCommand {
    /// The scope of the request id; none for an unknown member, who is no known person.
    pub fn key(&self) -> Option<ClaimKey> {
        let (partner, request_id) = (self.caller.partner.clone(), self.request_id.clone());
        self.verdict.person().map(|person| ClaimKey { person, partner, request_id })
    }
}

impl Campaign {
    /// The stock that gives out at that instant.
    pub fn stock_key(&self, at: Timestamp) -> StockKey {
        let period = self.programme.stock_period_key(self.day(at));
        StockKey { campaign_id: self.campaign_id.clone(), period, slice: WHOLE }
    }

    /// The period that a person's vouchers are counted in at that instant.
    pub fn limit_period(&self, at: Timestamp) -> String {
        self.programme.limit_period_key(self.day(at))
    }

    /// The name that the campaign's own limit is counted under.
    pub fn limit_id(&self) -> String {
        format!("campaign:{}", self.campaign_id)
    }

    /// A stock of it that nothing was taken from.
    pub fn full_stock(&self) -> Stock {
        Stock::full(u32::try_from(self.programme.quota).expect("a quota is at most a billion"))
    }

    /// What verdicts must be taken for at that instant.
    pub fn judged_by(&self, at: Timestamp) -> JudgedBy {
        JudgedBy { policy_id: self.programme.policy.policy_id.clone(), day: self.day(at) }
    }

    /// The business day of that instant.
    pub fn day(&self, at: Timestamp) -> BusinessDay {
        BusinessDay::of(at, &self.programme.zone)
    }

    /// Whether it gives out at that instant, as far as state, dates and hours go.
    pub fn gives_out(&self, at: Timestamp) -> Result<(), ClaimRefusal> {
        let programme = &self.programme;
        match self.state {
            CampaignState::Active => {}
            state @ (CampaignState::Draft | CampaignState::Paused | CampaignState::Ended) => {
                return Err(ClaimRefusal::CampaignNotActive { state });
            }
        }
        let opens_at = programme.opens_at(at);
        // After the last day's last hour the campaign is over and does not open again.
        if !programme.runs_on(self.day(at)) || !programme.runs_on(self.day(opens_at)) {
            let (starts_on, ends_on) = (programme.starts_on, programme.ends_on);
            return Err(ClaimRefusal::OutsideDates { starts_on, ends_on });
        }
        match programme.is_claim_time(at) {
            true => Ok(()),
            false => Err(ClaimRefusal::OutsideHours { opens_at }),
        }
    }

    /// Whether somebody who has that many and did not ask before may get one out of `stock`, which
    /// draws on `fund`, at that instant, as far as it is not about who they are.
    pub fn gives_one(
        &self,
        (stock, fund): (&Stock, Option<&Fund>),
        taken: u32,
        at: Timestamp,
    ) -> Result<(), ClaimRefusal> {
        self.gives_out(at)?;
        self.check_limit(taken, at)?;
        self.check_supply(stock, fund, at)
    }

    /// Whether a voucher is left of `stock`, and the money for it in `fund`.
    pub fn has_supply(&self, stock: &Stock, fund: Option<&Fund>) -> bool {
        stock.remaining() > 0 && fund.is_none_or(|fund| self.check_money(fund).is_ok())
    }

    fn check_supply(
        &self,
        stock: &Stock,
        fund: Option<&Fund>,
        at: Timestamp,
    ) -> Result<(), ClaimRefusal> {
        self.check_stock(stock, at)?;
        fund.map_or(Ok(()), |fund| self.check_money(fund))
    }

    fn check_limit(&self, taken: u32, at: Timestamp) -> Result<(), ClaimRefusal> {
        let limit = self.programme.person_limit;
        if taken < limit {
            return Ok(());
        }
        let (campaign_id, resets_at) = (self.campaign_id.clone(), self.limit_resets_at(at));
        Err(ClaimRefusal::PersonLimitReached { campaign_id, limit, resets_at })
    }

    fn check_stock(&self, stock: &Stock, at: Timestamp) -> Result<(), ClaimRefusal> {
        if stock.remaining() > 0 {
            return Ok(());
        }
        let (campaign_id, resets_at) = (self.campaign_id.clone(), self.stock_resets_at(at));
        Err(ClaimRefusal::SoldOut { campaign_id, quota: stock.quota, resets_at })
    }

    fn check_money(&self, fund: &Fund) -> Result<(), ClaimRefusal> {
        let (free, liability) = (fund.free(), self.programme.terms.liability());
        if liability <= free {
            return Ok(());
        }
        Err(ClaimRefusal::MoneyExhausted { fund_id: fund.fund_id.clone(), free, liability })
    }

    /// When it opens on the day after that instant; none after the last day.
    fn next_day(&self, at: Timestamp) -> Option<Timestamp> {
        let next = self.day(at).next();
        let opens = || self.programme.opens_at(next.start(&self.programme.zone));
        self.programme.runs_on(next).then(opens)
    }

    fn stock_resets_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.programme.stock_period {
            StockPeriod::Day => self.next_day(at),
            StockPeriod::Campaign => None,
        }
    }

    fn limit_resets_at(&self, at: Timestamp) -> Option<Timestamp> {
        match self.programme.limit_period {
            LimitPeriod::Day => self.next_day(at),
            LimitPeriod::Campaign => None,
        }
    }
}

/// Decides claims one by one in their order, each on what those before it left.
///
/// The order of answers is part of the contract: caller, replay, campaign state, member known,
/// person limit, stock, fund, eligibility. (The request id and the shape are checked before.)
pub fn decide_claims(
    state: ClaimState,
    judged_by: &JudgedBy,
    commands: &[ClaimCommand],
    at: Timestamp,
) -> ClaimEffects {
    let mut desk = ClaimDesk {
        gives_out: state.campaign.gives_out(at),
        outdated: state.campaign.judged_by(at) != *judged_by,
        stock_key: state.campaign.stock_key(at),
        state,
        at,
        winners: Vec::new(),
    };
    let answers = commands.iter().map(|command| desk.judge(command)).collect();
    let ClaimState { stock, fund, .. } = desk.state;
    ClaimEffects { answers, winners: desk.winners, stock, fund }
}

/// The running state of a batch.
struct ClaimDesk {
    state: ClaimState,
    gives_out: Result<(), ClaimRefusal>,
    outdated: bool,
    stock_key: StockKey,
    at: Timestamp,
    winners: Vec<Winner>,
}

impl ClaimDesk {
    fn judge(&mut self, command: &ClaimCommand) -> Result<Voucher, ClaimRefusal> {
        if !command.caller.sees(&self.state.campaign.programme.organization) {
            return Err(ClaimRefusal::OutsideSubtree);
        }
        let MemberVerdict::Known { person, organization, failed } = &command.verdict else {
            self.gives_out.clone()?;
            return Err(ClaimRefusal::MemberUnknown);
        };
        check_caller(&command.caller, organization)?;
        if let Some(voucher) = self.replayed(command)? {
            return Ok(voucher);
        }
        self.gives_out.clone()?;
        if self.outdated {
            return Err(ClaimRefusal::VerdictsOutdated);
        }
        let taken = self.state.taken.get(person).copied().unwrap_or(0);
        let ClaimState { campaign, stock, fund, .. } = &self.state;
        campaign.check_limit(taken, self.at)?;
        campaign.check_supply(stock, fund.as_ref(), self.at)?;
        if let Some(failed) = failed {
            let policy_id = self.state.campaign.programme.policy.policy_id.clone();
            return Err(ClaimRefusal::NotEligible { policy_id, failed: failed.clone() });
        }
        Ok(self.issue(command, *person, taken + 1))
    }

    fn replayed(&self, command: &ClaimCommand) -> Result<Option<Voucher>, ClaimRefusal> {
        let earlier = command.key().and_then(|key| self.state.replays.get(&key));
        match earlier {
            Some(voucher) if voucher.member_id != command.member_id => {
                Err(ClaimRefusal::RequestIdReused)
            }
            earlier => Ok(earlier.cloned()),
        }
    }

    /// Takes one out of the stock, which has one left, and its money out of the fund, which has it.
    fn issue(&mut self, command: &ClaimCommand, person: PersonKey, n: u32) -> Voucher {
        let serial = self.state.stock.take().expect("the stock was checked to have one left");
        let programme = &self.state.campaign.programme;
        let liability = programme.terms.liability();
        if let Some(fund) = &mut self.state.fund {
            assert!(fund.draw(liability), "the fund was checked to have the money");
        }
        let (valid_from, valid_until) =
            programme.validity.window(self.at, &programme.zone, programme.ends_on);
        let voucher = Voucher {
            voucher_id: VoucherId::mint(person.shard(), self.at, command.entropy),
            person,
            member_id: command.member_id,
            stock: self.stock_key.clone(),
            serial,
            valid_from,
            valid_until,
            liability,
            issued_at: self.at,
            version: 1,
        };
        self.state.stock.feed_head += 1;
        self.state.taken.insert(person, n);
        let (partner, request_id) = (command.caller.partner.clone(), command.request_id.clone());
        let key = ClaimKey { person, partner: partner.clone(), request_id: request_id.clone() };
        self.state.replays.insert(key, voucher.clone());
        self.winners.push(Winner { voucher: voucher.clone(), n, partner, request_id });
        voucher
    }
}

fn check_caller(caller: &Caller, organization: &OrganizationPath) -> Result<(), ClaimRefusal> {
    match caller.acts_for(organization) {
        true => Ok(()),
        false => Err(ClaimRefusal::OutsideSubtree),
    }
}
