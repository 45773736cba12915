//! What a group's name says, read by the published grammar: `app-stack-detail-v003`. Slow and plain.

/// The letters of an app or a stack.
fn plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
}

/// App, stack and detail; `None` for a name outside the grammar.
fn parts(group: &str) -> Option<(String, String, String)> {
    let cluster = without_push(group);
    let mut parts = cluster.splitn(3, '-').map(str::to_owned);
    let app = parts.next()?;
    let (stack, detail) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let fits = !app.is_empty()
        && plain(&app)
        && plain(&stack)
        && detail.chars().all(|c| plain(&c.to_string()) || matches!(c, '-' | '~' | '^'));
    fits.then_some((app, stack, detail))
}

fn without_push(group: &str) -> &str {
    let Some(at) = group.rfind("-v") else { return group };
    let digits = &group[at + 2..];
    let push = (3..=6).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit());
    if push { &group[..at] } else { group }
}

/// The cluster of a group: its name without the push.
pub(crate) fn cluster(group: &str) -> String {
    if parts(group).is_some() { without_push(group).to_owned() } else { group.to_owned() }
}

/// The app of a group.
pub(crate) fn app(group: &str) -> String {
    parts(group).map_or_else(|| group.to_owned(), |(app, _, _)| app)
}

/// The name of the unit of a kind that a group is in.
pub(crate) fn unit(kind: &str, group: &str) -> String {
    match (kind, parts(group)) {
        ("cluster", _) => cluster(group),
        ("asg", _) | (_, None) => group.to_owned(),
        ("stack", Some((app, stack, _))) if !stack.is_empty() => format!("{app}-{stack}"),
        (_, Some((app, _, _))) => app,
    }
}

/// Whether a group's name ends so, push or no push.
pub(crate) fn ends_in(group: &str, suffix: &str) -> bool {
    group.ends_with(suffix) || cluster(group).ends_with(suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(cluster("shop-prod-v003"), "shop-prod");
        assert_eq!(cluster("shop-prod-v03"), "shop-prod-v03");
        assert_eq!(cluster("a b-v003"), "a b-v003");
        assert_eq!(app("shop-prod-x-y-v003"), "shop");
        assert_eq!(unit("stack", "shop-prod-x-v003"), "shop-prod");
        assert_eq!(unit("stack", "shop--x-v003"), "shop");
        assert_eq!(unit("app", "shop-prod-x-v003"), "shop");
        assert!(ends_in("shop-prod-canary-v001", "-canary"));
    }
}
