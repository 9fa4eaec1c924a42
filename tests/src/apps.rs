//! The member app: claims one by one and all at once.

use std::collections::BTreeMap;
use std::time::Duration;

use benefit::programme::Programme;
use clock::BusinessDay;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{ClaimRequest, Voucher};
use futures::StreamExt as _;
use member_identity::OrganizationPath;
use tonic::{Code, Request, Status};
use zhisong::laws::{Ack, ClaimAck};
use zhisong::tokens::Role;

use crate::callers::CallerChannel;
use crate::evidence::{Evidence, OK};
use crate::refusal::Refusal;
use crate::served::Suite;
use crate::wallets;

/// Claims that are under way at a time, over so many connections.
const AT_ONCE: usize = 2_000;
const CONNECTIONS: usize = 4;
/// What the app waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A member app of the province that claims from one campaign, and writes its answers down.
pub struct MemberApp<'a> {
    suite: &'a Suite,
    evidence: &'a Evidence,
    programme: Programme,
    province: String,
    clients: Vec<IssuanceServiceClient<CallerChannel>>,
}

/// How claims of many members went.
#[derive(Debug, Default)]
pub struct Rush {
    /// Who has a voucher now, and which.
    pub winners: Vec<(String, Voucher)>,
    /// Who does not, by reason.
    pub refused: BTreeMap<String, Vec<String>>,
}

impl<'a> MemberApp<'a> {
    /// The app of Guangdong's union, for the campaign of a programme file.
    pub async fn open(suite: &'a Suite, evidence: &'a Evidence, source: &str) -> Self {
        Self::open_in("gd", suite, evidence, source).await
    }

    /// The app of a province's union, for the campaign of a programme file.
    pub async fn open_in(
        province: &str,
        suite: &'a Suite,
        evidence: &'a Evidence,
        source: &str,
    ) -> Self {
        let programme = benefit::programme::parse(source).expect("a good programme");
        let province = OrganizationPath::parse(province).expect("a path");
        let grant = Role::MemberApp.grant(&province);
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(IssuanceServiceClient::new(suite.channel(&grant).await));
        }
        Self { suite, evidence, programme, province: province.to_string(), clients }
    }

    /// One member claims.
    pub async fn claim(&self, request_id: &str, member_id: &str) -> Result<Voucher, Box<Refusal>> {
        self.claim_over(0, request_id.to_owned(), member_id).await
    }

    /// One member claims, and waits until the voucher can be used.
    pub async fn take(&self, request_id: &str, member_id: &str) -> Voucher {
        let voucher = self.claim(request_id, member_id).await.expect("is issued");
        wallets::shown_in(&self.province, self.suite, &voucher).await;
        voucher
    }

    /// All of these members claim at once. As apps do, they ask again when nothing could be said for
    /// now: a machine that is busy with other things may be late with a verdict.
    pub async fn rush(&self, name: &str, member_ids: &[String]) -> Rush {
        let claims = member_ids.iter().enumerate().map(|(at, member_id)| async move {
            let claim = || self.claim_over(at, format!("{name}-{at}"), member_id);
            let mut answer = claim().await;
            while answer.as_ref().is_err_and(|refusal| refusal.code == Code::Unavailable) {
                answer = claim().await;
            }
            (member_id, answer)
        });
        let mut answers = std::pin::pin!(futures::stream::iter(claims).buffer_unordered(AT_ONCE));
        let mut rush = Rush::default();
        while let Some((member_id, answer)) = answers.next().await {
            match answer {
                Ok(voucher) => rush.winners.push((member_id.clone(), voucher)),
                Err(refusal) => {
                    rush.refused.entry(refusal.reason).or_default().push(member_id.clone());
                }
            }
        }
        rush
    }

    async fn claim_over(
        &self,
        connection: usize,
        request_id: String,
        member_id: &str,
    ) -> Result<Voucher, Box<Refusal>> {
        let mut client = self.clients[connection % self.clients.len()].clone();
        let mut request = Request::new(ClaimRequest {
            request_id: request_id.clone(),
            campaign_id: self.programme.campaign_id.clone(),
            member_id: member_id.to_owned(),
        });
        request.set_timeout(PATIENCE);
        let answer = client.claim(request).await;
        let answer = answer.map(|issued| issued.into_inner().voucher.expect("a voucher"));
        self.write_down(request_id, member_id, answer)
    }

    fn write_down(
        &self,
        request_id: String,
        member_id: &str,
        answer: Result<Voucher, Status>,
    ) -> Result<Voucher, Box<Refusal>> {
        let answer = answer.map_err(|status| Box::new(Refusal::of(&status)));
        let voucher = answer.as_ref().ok();
        let today = BusinessDay::of(self.suite.clock().now(), &self.programme.zone);
        self.evidence.add(&Ack::Claim(ClaimAck {
            caller: Role::MemberApp.subject().to_owned(),
            campaign_id: self.programme.campaign_id.clone(),
            request_id,
            member_id: member_id.to_owned(),
            answer: answer.as_ref().map_or_else(|refusal| refusal.reason.clone(), |_| OK.into()),
            voucher_id: voucher.map(|voucher| voucher.voucher_id.clone()),
            stock_period: Some(self.programme.stock_period_key(today)),
            serial: voucher.map(|voucher| voucher.serial),
        }));
        answer
    }
}

impl Rush {
    /// How many were refused for a reason.
    pub fn refused_for(&self, reason: &str) -> usize {
        self.refused.get(reason).map_or(0, Vec::len)
    }

    /// The last voucher of the stock.
    pub fn last(&self) -> &Voucher {
        let vouchers = self.winners.iter().map(|(_, voucher)| voucher);
        vouchers.max_by_key(|voucher| voucher.serial).expect("somebody has one")
    }

    /// The serials of the vouchers, ascending.
    pub fn serials(&self) -> Vec<i64> {
        let mut serials: Vec<_> = self.winners.iter().map(|(_, voucher)| voucher.serial).collect();
        serials.sort_unstable();
        serials
    }
}
