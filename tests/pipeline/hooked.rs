//! A ledger with somebody standing beside it, who may let a write fail or make time pass.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::NaiveDate;
use simian_core::{
    AccountId, Birth, Change, Claim, ClaimQuery, ClaimRecord, Claimed, Compacted, Compaction, Draft, Event, EventQuery,
    Kind, Ledger, LedgerError, Mode, Pause,
};
use simian_ledger::MemoryLedger;

/// A moment at which the hook is asked.
pub(crate) enum Moment<'a> {
    /// Before a commit of these drafts.
    Commit(&'a [Draft]),
    /// After it.
    Committed(&'a [Draft]),
    /// Before keys are claimed.
    Claim,
    /// After it.
    Claimed,
    /// Before a sink's cursor moves.
    Advance,
    /// Before events are read.
    Read,
}

impl Moment<'_> {
    /// It is a write that has not happened yet.
    pub(crate) fn is_write(&self) -> bool {
        matches!(self, Moment::Commit(_) | Moment::Claim | Moment::Advance)
    }

    /// It is a commit that tells of this, before it happens.
    pub(crate) fn tells(&self, kind: Kind) -> bool {
        matches!(self, Moment::Commit(drafts) if drafts.iter().any(|draft| draft.kind == kind))
    }

    /// It was a commit that told of this.
    pub(crate) fn told(&self, kind: Kind) -> bool {
        matches!(self, Moment::Committed(drafts) if drafts.iter().any(|draft| draft.kind == kind))
    }
}

type Hook = Box<dyn Fn(Moment<'_>) -> Result<(), LedgerError> + Send + Sync>;

/// The world's ledger behind the hook.
pub(crate) struct Hooked {
    inner: MemoryLedger,
    hook: Hook,
    /// While it is set, whoever asks for the pauses waits for ever.
    pub(crate) stuck: Arc<AtomicBool>,
}

impl Hooked {
    pub(crate) fn new(
        inner: &MemoryLedger,
        hook: impl Fn(Moment<'_>) -> Result<(), LedgerError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner: inner.clone(), hook: Box::new(hook), stuck: Arc::default() }
    }
}

/// The disk is full.
pub(crate) fn full() -> LedgerError {
    LedgerError::Write("no space left on device".into())
}

#[async_trait]
impl Ledger for Hooked {
    fn exclusive(&self) -> bool {
        self.inner.exclusive()
    }
    async fn birth(&self) -> Result<Birth, LedgerError> {
        self.inner.birth().await
    }
    async fn pauses(&self) -> Result<Vec<Pause>, LedgerError> {
        if self.stuck.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.inner.pauses().await
    }
    async fn commit(&self, drafts: Vec<Draft>, changes: Vec<Change>) -> Result<Vec<Event>, LedgerError> {
        (self.hook)(Moment::Commit(&drafts))?;
        let events = self.inner.commit(drafts, changes).await?;
        let drafts: Vec<Draft> = events.iter().map(|event| event.body.clone()).collect();
        (self.hook)(Moment::Committed(&drafts))?;
        Ok(events)
    }
    async fn claim(&self, claims: &[Claim]) -> Result<Vec<Claimed>, LedgerError> {
        (self.hook)(Moment::Claim)?;
        let claimed = self.inner.claim(claims).await?;
        (self.hook)(Moment::Claimed)?;
        Ok(claimed)
    }
    async fn events(&self, query: &EventQuery) -> Result<Vec<Event>, LedgerError> {
        (self.hook)(Moment::Read)?;
        self.inner.events(query).await
    }
    async fn claims(&self, query: &ClaimQuery) -> Result<Vec<ClaimRecord>, LedgerError> {
        self.inner.claims(query).await
    }
    async fn last_actions(&self, mode: Mode, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.inner.last_actions(mode, account).await
    }
    async fn counters(&self, mode: Mode, date: NaiveDate) -> Result<BTreeMap<String, u32>, LedgerError> {
        self.inner.counters(mode, date).await
    }
    async fn findings(&self, account: &AccountId) -> Result<BTreeMap<String, Draft>, LedgerError> {
        self.inner.findings(account).await
    }
    async fn sights(&self, account: &AccountId) -> Result<BTreeMap<String, NaiveDate>, LedgerError> {
        self.inner.sights(account).await
    }
    async fn marks(
        &self,
        mode: Mode,
        account: &AccountId,
    ) -> Result<BTreeMap<simian_core::MarkId, simian_core::Mark>, LedgerError> {
        self.inner.marks(mode, account).await
    }
    async fn surveys(&self, account: &AccountId) -> Result<BTreeMap<simian_core::Region, u64>, LedgerError> {
        self.inner.surveys(account).await
    }
    async fn compact(&self, order: &Compaction) -> Result<Compacted, LedgerError> {
        self.inner.compact(order).await
    }
    async fn checkpoints(&self) -> Result<BTreeMap<String, simian_core::Head>, LedgerError> {
        self.inner.checkpoints().await
    }
    async fn heads(&self) -> Result<BTreeMap<String, simian_core::Head>, LedgerError> {
        self.inner.heads().await
    }
    async fn cursor(&self, sink: &str) -> Result<u64, LedgerError> {
        self.inner.cursor(sink).await
    }
    async fn cursors(&self) -> Result<BTreeMap<String, u64>, LedgerError> {
        self.inner.cursors().await
    }
    async fn advance(&self, sink: &str, seq: u64) -> Result<(), LedgerError> {
        (self.hook)(Moment::Advance)?;
        self.inner.advance(sink, seq).await
    }
}
