//! Names of groups: nothing of a name is lost, and a push never changes its cluster.

use simian_core::{Name, UnitKind};

/// A name's text.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let name = Name::parse(text);
    let cluster = name.cluster();
    assert!(text.starts_with(&cluster), "{cluster:?} does not begin {text:?}");
    let push = &text[cluster.len()..];
    assert_eq!(name.push.is_some(), !push.is_empty(), "{text:?}: {push:?} and {:?}", name.push);
    if let (Some(number), Some(digits)) = (name.push, push.strip_prefix("-v")) {
        assert_eq!(digits.parse(), Ok(number));
    }
    let Some(within) = Name::try_parse(text) else {
        // Outside the grammar it is its own app and cluster.
        assert_eq!((name.app.as_str(), cluster.as_str()), (text, text));
        return;
    };
    assert_eq!(within, name);
    assert!(cluster.starts_with(&name.app), "{text:?}");
    for push in ["-v000", "-v123", "-v999999"] {
        let pushed = format!("{cluster}{push}");
        assert_eq!(Name::parse(&pushed).cluster(), cluster, "{pushed:?} is of another cluster");
    }
    for kind in [UnitKind::Cluster, UnitKind::Asg, UnitKind::Stack, UnitKind::App] {
        let unit = kind.name_of(text);
        assert!(!unit.is_empty(), "{text:?} is in no {}", kind.as_str());
        if kind != UnitKind::Asg {
            assert_eq!(kind.name_of(&format!("{cluster}-v001")), unit, "{text:?}");
        }
    }
}
