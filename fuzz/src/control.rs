//! The control socket: what anybody in the group can send to the daemon.

use std::sync::Arc;

use chrono::DateTime;
use futures_util::FutureExt;
use simian::control::{Request, Unserved, serve};
use simian::engine::Engine;
use simian_core::event::Chain;
use simian_core::{Dice, EventQuery, Ledger, LedgerError};
use simian_ledger::MemoryLedger;
use simian_sim::VirtualClock;
use uuid::Uuid;

/// Requests, a line each. All are served, and then the chain is whole and says who asked.
pub fn control(data: &[u8]) {
    let born = DateTime::UNIX_EPOCH;
    let birth = Uuid::from_u128(7);
    let ledger = Arc::new(MemoryLedger::new(birth, born));
    let engine = Engine::new(Arc::new(VirtualClock::new(born)), ledger.clone(), Dice::new("fuzz"), "fuzz:1");
    for line in data.split(|byte| *byte == b'\n').take(8) {
        let Ok(request) = serde_json::from_slice::<Request>(line) else { continue };
        let sent = serde_json::to_string(&request).expect("a request is JSON");
        assert_eq!(serde_json::from_str::<Request>(&sent).ok().as_ref(), Some(&request), "{sent}");
        match serve(&engine, "ann", request).now_or_never().expect("it waits for nobody") {
            Ok(said) => assert!(!said.is_empty(), "nothing was said of {sent}"),
            Err(Unserved::Mistaken(_) | Unserved::Ledger(LedgerError::NoPause(_))) => {}
            Err(error) => panic!("{error}: {sent}"),
        }
    }
    let read = async {
        let heads = ledger.heads().await.expect("in memory");
        let events = ledger.events(&EventQuery::default()).await.expect("in memory");
        (heads, events)
    };
    let (heads, events) = read.now_or_never().expect("at once");
    for (writer, head) in heads {
        let mut chain = Chain::new(birth, &writer);
        for event in events.iter().filter(|event| event.writer == writer) {
            assert_eq!(chain.check(event), Ok(()));
            assert!(event.body.actor.as_deref() == Some("ann"), "{}", event.canonical());
        }
        assert_eq!(chain.end(&head), Ok(()));
    }
}
