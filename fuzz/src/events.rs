//! Events read back: what is read is written the same, and every edit is seen.

use simian_core::event::{Chain, ChainError};
use simian_core::{Draft, Event};
use uuid::Uuid;

/// An event's JSON, or a draft's.
pub fn events(data: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<Event>(data) {
        round(&event);
        let mut chain = Chain::new(Uuid::nil(), &event.writer);
        let checked = chain.check(&event);
        let whole = event.digest() == event.hash;
        assert_eq!(matches!(checked, Err(ChainError::Edited { .. })), !whole, "{checked:?}");
    }
    if let Ok(draft) = serde_json::from_slice::<Draft>(data) {
        let birth = Uuid::from_u128(7);
        let event = Event::seal(draft, birth, "main", 1, birth.to_string());
        round(&event);
        let mut chain = Chain::new(birth, "main");
        assert_eq!(chain.check(&event), Ok(()), "{}", event.canonical());
        let milliseconds = event.body.at.timestamp_millis();
        if (0..1 << 48).contains(&milliseconds) {
            assert!(Event::is_of(event.id, birth, "main", 1), "{}", event.canonical());
        }
        let mut edited = event;
        edited.body.why.push('.');
        assert!(matches!(Chain::new(birth, "main").check(&edited), Err(ChainError::Edited { .. })));
    }
}

fn round(event: &Event) {
    let text = event.canonical();
    let again: Event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(again.canonical(), text);
    assert_eq!(again.digest(), event.digest());
    // Sorted by key, as a tree of values writes it.
    let tree = serde_json::to_value(event).expect("an event is JSON");
    assert_eq!(tree.to_string(), text);
}
