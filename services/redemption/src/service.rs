use std::future::Future;
use std::sync::Arc;

use clock::Clock;
use contracts::redemption::v1::checkout_service_server::CheckoutServiceServer;
use contracts::redemption::v1::closure_feed_service_server::ClosureFeedServiceServer;
use contracts::redemption::v1::event_service_server::EventServiceServer;
use contracts::redemption::v1::merchant_service_server::MerchantServiceServer;
use contracts::redemption::v1::settlement_service_server::SettlementServiceServer;
use contracts::redemption::v1::terminal_service_server::TerminalServiceServer;
use contracts::redemption::v1::wallet_service_server::WalletServiceServer;
use contracts::redemption::v1::webhook_service_server::WebhookServiceServer;
use group_commit::LaneOptions;
use runtime::Part;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::service::RoutesBuilder;

use crate::domain::Entropy;
use crate::domain::webhooks::Reach;
use crate::rpc::{
    CheckoutRpc, ClosureFeedRpc, EventRpc, HttpReceivers, MerchantRpc, SettlementRpc, TerminalRpc,
    WalletRpc, WebhookRpc,
};
use crate::store::Store;
use crate::usecase::{
    Checkout, CheckoutLanes, CheckoutStages, Closures, Deliverer, EligibilityPeer, EventSignal,
    Events, Feed, FeedFollower, IssuancePeer, Members, Merchants, Receivers, Settlement,
    SettlementKeys, Terminals, Wallets, WebhookSecrets, Webhooks, close_days_by_themselves,
    close_vouchers_by_themselves, expire_holds_by_themselves, seal_events_by_themselves,
};

/// The most that one checkout request may hold: an order of 100 lines is far below it.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// The services of this crate, as the contract names them.
pub const SERVICES: [&str; 8] = [
    "zhisong.redemption.v1.CheckoutService",
    "zhisong.redemption.v1.WalletService",
    "zhisong.redemption.v1.SettlementService",
    "zhisong.redemption.v1.MerchantService",
    "zhisong.redemption.v1.TerminalService",
    "zhisong.redemption.v1.EventService",
    "zhisong.redemption.v1.WebhookService",
    "zhisong.redemption.v1.ClosureFeedService",
];

/// What redemption is made of.
pub struct Ingredients {
    /// Where it keeps what it knows.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub entropy: Arc<dyn Entropy>,
    /// Who knows the members.
    pub eligibility: Arc<dyn EligibilityPeer>,
    /// Who issues the vouchers.
    pub issuance: Arc<dyn IssuancePeer>,
    /// Bounds of each of the checkout's lanes.
    pub lane: LaneOptions,
    /// Lanes side by side, 1 or more.
    pub lanes: usize,
    /// What heads of statements are signed with.
    pub settlement_keys: Arc<SettlementKeys>,
    /// How webhooks are sent.
    pub sending: Sending,
}

/// How webhooks are sent.
pub struct Sending {
    /// What their secrets are derived from.
    pub secrets: WebhookSecrets,
    /// How far their receivers may be.
    pub reach: Reach,
    /// Their receivers.
    pub receivers: Arc<dyn Receivers>,
}

impl Sending {
    /// Over HTTP, with secrets from a key; none when the key is too short.
    pub fn over_http(key: &[u8], reach: Reach) -> Option<Result<Self, reqwest::Error>> {
        let secrets = WebhookSecrets::new(key)?;
        let receivers = HttpReceivers::new(secrets.clone(), reach);
        Some(receivers.map(|http| Self { secrets, reach, receivers: Arc::new(http) }))
    }
}

/// Redemption at work: its lanes, the follower of the voucher feed, the sweeper, the closer and the
/// sealer of events.
pub struct Redemption {
    checkout: Arc<Checkout>,
    wallets: Wallets,
    settlement: Settlement,
    merchants: Merchants,
    terminals: Terminals,
    events: Events,
    webhooks: Webhooks,
    closures: Closures,
    end_streams: watch::Sender<bool>,
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Redemption {
    /// Starts everything that runs by itself.
    pub fn start(ingredients: Ingredients) -> Self {
        let Ingredients { store, clock, entropy, eligibility, issuance, lane, lanes, .. } =
            ingredients;
        let members = Arc::new(Members::new(eligibility));
        let feed = Arc::new(Feed::new(issuance, Arc::clone(&store)));
        let settlement = Settlement {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            keys: ingredients.settlement_keys,
        };
        let stages = Arc::new(CheckoutStages {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            entropy,
        });
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let follower = FeedFollower { feed: Arc::clone(&feed), store: Arc::clone(&store) };
        tasks.spawn(follower.run(stopping.clone()));
        tasks.spawn(expire_holds_by_themselves(Arc::clone(&stages), stopping.clone()));
        tasks.spawn(close_days_by_themselves(settlement.clone(), stopping.clone()));
        let closing = (Arc::clone(&store), Arc::clone(&clock));
        tasks.spawn(close_vouchers_by_themselves(closing.0, closing.1, stopping.clone()));
        let (end_streams, ended) = watch::channel(false);
        let closures = Closures { store: Arc::clone(&store), ended };
        let signal = Arc::new(EventSignal::default());
        let events = Events { store: Arc::clone(&store), signal };
        tasks.spawn(seal_events_by_themselves(events.clone(), stopping.clone()));
        let Sending { secrets, reach, receivers } = ingredients.sending;
        let deliverer =
            Deliverer { store: Arc::clone(&store), clock: Arc::clone(&clock), receivers };
        tasks.spawn(deliverer.run(stopping));
        let webhooks =
            Webhooks { store: Arc::clone(&store), clock: Arc::clone(&clock), secrets, reach };
        let wallets = Wallets {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            members: Arc::clone(&members),
        };
        let merchants = Merchants { store: Arc::clone(&store), clock: Arc::clone(&clock) };
        let terminals = Terminals {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock),
            members: Arc::clone(&members),
        };
        let lanes = CheckoutLanes::spawn(lanes, lane, &stages);
        let checkout = Arc::new(Checkout { lanes, store, clock, members, feed });
        Self {
            checkout,
            wallets,
            settlement,
            merchants,
            terminals,
            events,
            webhooks,
            closures,
            end_streams,
            tasks,
            stop,
        }
    }

    /// The checkout, for callers in the same process.
    pub fn checkout(&self) -> Arc<Checkout> {
        Arc::clone(&self.checkout)
    }

    /// How the wallets stand to issuance.
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.checkout.feed)
    }

    /// The part that a process serves. When it is stopped, what was accepted is answered, what
    /// runs by itself is ended, and then `close` is run.
    pub fn into_part(self, close: impl Future<Output = ()> + Send + 'static) -> Part {
        let Self { checkout, wallets, settlement, merchants, terminals, events, .. } = self;
        let (webhooks, closures, end_streams) = (self.webhooks, self.closures, self.end_streams);
        let (mut tasks, stop) = (self.tasks, self.stop);
        let signal = Arc::clone(&events.signal);
        let checkout_rpc = CheckoutRpc { checkout: Arc::clone(&checkout) };
        let mount = move |routes: &mut RoutesBuilder| {
            let checkout = CheckoutServiceServer::new(checkout_rpc);
            routes.add_service(checkout.max_decoding_message_size(REQUEST_BYTES_MAX));
            routes.add_service(WalletServiceServer::new(WalletRpc { wallets }));
            routes.add_service(SettlementServiceServer::new(SettlementRpc { settlement }));
            routes.add_service(MerchantServiceServer::new(MerchantRpc { merchants }));
            routes.add_service(ClosureFeedServiceServer::new(ClosureFeedRpc { closures }));
            let terminal = TerminalServiceServer::new(TerminalRpc { terminals });
            routes.add_service(terminal.max_decoding_message_size(REQUEST_BYTES_MAX));
            let events = EventServiceServer::new(EventRpc { events });
            routes.add_service(events.max_decoding_message_size(REQUEST_BYTES_MAX));
            let webhooks = WebhookServiceServer::new(WebhookRpc { webhooks });
            routes.add_service(webhooks.max_decoding_message_size(REQUEST_BYTES_MAX));
        };
        let end = async move {
            checkout.lanes.close().await;
            // Nobody listens any more when every task has ended already.
            let _ = stop.send(true);
            while tasks.join_next().await.is_some() {}
            close.await;
        };
        Part {
            name: "redemption",
            services: SERVICES.to_vec(),
            mount: Box::new(mount),
            leave: Box::new(move || {
                signal.end();
                // Nobody follows when it cannot be told.
                let _ = end_streams.send(true);
            }),
            stop: Box::pin(end),
        }
    }
}
