use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clock::{BusinessDay, Timestamp};
use jiff::civil::date;
use member_identity::{MemberId, OrganizationPath, RegionCode, Shard, resident_id_from_parts};

use super::Ctx;
use crate::domain::entropy::Entropy;
use crate::domain::keyring::{KeyRing, generate};
use crate::domain::organization::{Creation, Organization};
use crate::domain::roster::{ImportBatch, ReadRow, RosterImport, WrittenRow, read_row};
use crate::domain::vault::Vault;
use crate::store::{ImportStep, Page, ShardCursor, StoredMember, Versions};

/// Ten o'clock on 22 July 2022 in Guangzhou.
pub(super) const TEN_O_CLOCK: Timestamp = Timestamp::from_micros(1_658_455_200_000_000);

/// Different bytes each time and the same in each run.
#[derive(Debug, Default)]
pub struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let word = mix(count.wrapping_add(0x9e37_79b9_7f4a_7c15)).to_be_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// The finisher of SplitMix64: neighbours come out far apart.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A vault with new keys.
pub fn test_vault() -> Arc<Vault> {
    let ring = KeyRing::parse(&generate()).expect("a generated ring can be read");
    Arc::new(Vault::new(ring, Arc::new(CountingEntropy::default())))
}

/// The row of a made-up person: the same number is the same person.
pub fn person_row(line: i64, number: u16) -> WrittenRow {
    let born = date(1990, 1 + i8::try_from(number % 12).expect("below 12"), 11);
    WrittenRow {
        line,
        name: String::from("王小明"),
        id_number: resident_id_from_parts(440_106, born, number % 1_000),
        phone: format!("138{:08}", 10_000_000 + u32::from(number)),
        trade: String::from("快递员"),
        employment: String::new(),
        region: String::from("广东省广州市天河区"),
        honours: String::new(),
        organization: String::new(),
    }
}

pub(super) fn path(text: &str) -> OrganizationPath {
    text.parse().expect("a test names a path")
}

pub(super) fn organization(text: &str, region: u32) -> Organization {
    let region = RegionCode::try_from(region).expect("a test names a region");
    Organization { path: path(text), region, name: format!("工会 {text}") }
}

impl Ctx {
    /// Adds `gd`, `gd/guangzhou` and `gd/shenzhen`.
    pub(super) async fn with_guangdong(&self) {
        for (text, region) in [("gd", 440_000), ("gd/guangzhou", 440_100), ("gd/shenzhen", 440_300)]
        {
            self.create(organization(text, region)).await;
        }
    }

    pub(super) async fn create(&self, organization: Organization) {
        let created = self.store.create_organization(organization.clone(), TEN_O_CLOCK).await;
        let created = created.expect("the store works").expect("a test's tree is in order");
        assert_eq!(created, Creation::Added(organization));
    }

    pub(super) fn read(&self, header: &str, row: &WrittenRow) -> ReadRow {
        let day = BusinessDay::parse("2022-07-22").expect("a day");
        match read_row(row, &path(header), day, self.vault.ring()) {
            Ok(row) => ReadRow::Good(Box::new(row)),
            Err(problem) => ReadRow::Bad(problem),
        }
    }

    pub(super) async fn begin(&self, import_id: &str, header: &str) -> RosterImport {
        let begun = self.store.begin_import(import_id, &path(header), TEN_O_CLOCK).await;
        begun.expect("the store works").expect("the import may begin")
    }

    /// Takes in rows as one batch that goes on from where the import stands.
    pub(super) async fn import(
        &self,
        import_id: &str,
        header: &str,
        rows: &[WrittenRow],
    ) -> ImportStep {
        let begun = self.begin(import_id, header).await;
        let batch = ImportBatch {
            import_id: import_id.to_owned(),
            after_line: begun.committed_line,
            rows: rows.iter().map(|row| self.read(header, row)).collect(),
            at: TEN_O_CLOCK,
        };
        self.take(batch).await
    }

    pub(super) async fn take(&self, batch: ImportBatch) -> ImportStep {
        let step = self.store.import_rows(Arc::new(batch), Arc::clone(&self.vault)).await;
        step.expect("the store works")
    }

    /// Takes in one person and gives their member id.
    pub(super) async fn one_member(&self, header: &str, number: u16) -> MemberId {
        let import_id = format!("one-{number}");
        let step = self.import(&import_id, header, &[person_row(1, number)]).await;
        step.applied.first().expect("a new person makes a member").member.member_id
    }

    /// Every member, in the order in which replicas read them.
    pub(super) async fn loaded(&self) -> Vec<StoredMember> {
        self.changed_after(&Versions::none()).await
    }

    /// Members that have changed since.
    pub(super) async fn changed_after(&self, known: &Versions) -> Vec<StoredMember> {
        let cursor =
            |shard: u8| ShardCursor::behind(Shard(shard), known.shards[usize::from(shard)]);
        let cursors: Vec<ShardCursor> = (0..=u8::MAX).map(cursor).collect();
        let index_version = self.vault.ring().index_version();
        let changed = self.store.changed_members(&cursors, 10_000, index_version).await;
        changed.expect("the store works")
    }

    pub(super) async fn versions(&self) -> Versions {
        self.store.versions().await.expect("the store works")
    }
}

pub(super) fn first_page<K>(below: Option<&str>, size: u32) -> Page<K> {
    Page { below: below.map(path), after: None, size }
}
