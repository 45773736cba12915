//! What all enabled rules together say of one resource, and what its mark is to say.

use simian_core::chore::Disposal;
use simian_core::mark::tagged_at_once;
use simian_core::resource::Tags;
use simian_core::{Day, Finding, Group, Mark, MarkTag, Mode, Name, Resource, Severity, View};

use crate::ground::Ground;
use crate::keep::{self, Kept};
use crate::life::{Condemned, Tag};
use crate::propose::Look;
use crate::resort;
use crate::rules::{Params, Rule, Spared, Waste};
use crate::{Janitor, disposal};

/// The rule of findings about keep tags that nobody can read.
pub(crate) const MALFORMED: &str = "keep-malformed";

/// The tag that names an app.
const APP: &str = "app";

/// What a rule and its resource come to.
pub(crate) enum Verdict<'j> {
    Waste(&'static Rule, &'j Params, Waste),
    Spared(String),
    Unknown(String),
}

impl Janitor {
    /// What the rules say of a resource: waste by the one that marked it, else by the first that condemns it.
    pub(crate) fn verdict(&self, ground: &Ground<'_>, resource: &Resource, marked: Option<&str>) -> Verdict<'_> {
        let (mut condemned, mut unknown, mut spared) = (None, None, None);
        let mine = |(rule, params): &&(&'static Rule, Params)| rule.kinds(params).contains(&resource.id.kind);
        for (rule, params) in self.rules.iter().filter(mine) {
            let marked = marked == Some(rule.id);
            match rule.judge(resource, ground, params) {
                Ok(waste) if marked => return Verdict::Waste(rule, params, waste),
                Ok(waste) => condemned = condemned.or(Some((*rule, params, waste))),
                // A rule that condemned it and cannot be asked today has not changed its mind.
                Err(Spared::Unknown(why)) if marked => return Verdict::Unknown(why),
                Err(Spared::Unknown(why)) => unknown = unknown.or(Some(why)),
                Err(Spared::InUse(why)) if marked => spared = Some(why),
                Err(Spared::InUse(why)) => spared = spared.or(Some(why)),
            }
        }
        match (condemned, unknown) {
            (Some((rule, params, waste)), _) => Verdict::Waste(rule, params, waste),
            (None, Some(why)) => Verdict::Unknown(why),
            (None, None) => Verdict::Spared(spared.unwrap_or_default()),
        }
    }

    /// Waste, with all that its mark is to say, and what its end would be.
    pub(crate) fn condemn(
        &self,
        look: &Look<'_, '_>,
        resource: &Resource,
        mark: Option<&Mark>,
        rule: &'static Rule,
        params: &Params,
        waste: Waste,
    ) -> (Condemned, Disposal) {
        let Look { ground, day, world, .. } = *look;
        let kept = |one: &Resource| self.kept(ground, one, day).is_some();
        let going = resource.image().map(|image| disposal::going(resource, image, ground, kept)).unwrap_or_default();
        let price = self.prices.of(&ground.scope.region, resource, &going);
        let (disposal, ending_unknown) = match disposal::of(resource, ground, params, kept) {
            Ok(disposal) => (disposal, None),
            Err(why) => (Disposal::End, Some(why)),
        };
        let kind = resource.id.kind;
        let not_let = (!self.terms.delete.contains(&kind)).then(|| format!("{} are not in `delete`", kind.several()));
        let terms = resort::Terms {
            calendar: &self.calendar,
            today: day.date,
            live: world.mode == Mode::Live,
            grace_days: self.terms.grace_days,
        };
        let resort = match mark.filter(|_| self.terms.last_resort) {
            Some(mark) => resort::of(resource, mark, ground, terms),
            None => resort::Resort::None,
        };
        let unknown = price.unknown.map(|what| format!("; {what}")).unwrap_or_default();
        let (owner, app) = self.whose(ground, resource);
        let condemned = Condemned {
            rule: rule.id,
            why: format!("{}: {}{unknown}", rule.id, waste.why),
            retention_days: params.retention_days,
            mark_age: waste.undated.then_some(params.age),
            unread: matches!(resource.tags, View::Unasked),
            stays: not_let.or(waste.stays).or(ending_unknown),
            resort,
            owner,
            app,
            cents_a_month: price.cents_a_month,
        };
        (condemned, disposal)
    }

    /// Why it is kept, if it is.
    pub(crate) fn kept(&self, ground: &Ground<'_>, resource: &Resource, day: &Day) -> Option<String> {
        let tags = ground.tags_of(resource);
        keep::reason(resource, tags.known().copied(), &self.tags.key("keep"), &self.keep, day.date)
    }

    /// What its owner should mend: a keep tag that nobody can read.
    pub(crate) fn malformed(&self, look: &Look<'_, '_>, resource: &Resource) -> Option<Finding> {
        let key = self.tags.key("keep");
        let Kept::Malformed(text) = Kept::read(resource.tag(&key)?, look.day.date) else { return None };
        let (owner, app) = self.whose(look.ground, resource);
        Some(Finding {
            rule: MALFORMED,
            scope: look.ground.scope.clone(),
            subject: resource.id.to_string(),
            owner,
            app,
            severity: Severity::Low,
            why: format!(
                "tag {key}: `{text}` is neither `forever` nor a date as in 2027-01-31: it is kept until you mend it"
            ),
        })
    }

    /// Its owner and its app: by its own tags, else by those of its group.
    fn whose(&self, ground: &Ground<'_>, resource: &Resource) -> (Option<String>, Option<String>) {
        let tags = ground.tags_of(resource);
        let group: Option<&Group> = resource.group().map(AsRef::as_ref).or_else(|| ground.group_of(resource));
        let by = |tags: &Tags| (self.tags.owner(tags), tags.get(APP).cloned().filter(|app| !app.is_empty()));
        let (owner, app) = tags.known().map(|tags| by(tags)).unwrap_or_default();
        let (groups_owner, groups_app) = group.map(|group| by(&group.tags)).unwrap_or_default();
        let by_name = || group.map(|group| Name::parse(&group.name).app);
        (owner.or(groups_owner), app.or(groups_app).or_else(by_name))
    }

    /// What is written where its mark would be.
    pub(crate) fn tag(&self, resource: &Resource) -> Tag {
        if tagged_at_once(resource.id.kind).is_none() {
            return Tag::Unread;
        }
        let Some(tags) = resource.tags.known() else { return Tag::Unread };
        match tags.get(&self.tags.key("mark")).map(|text| text.parse::<MarkTag>()) {
            None => Tag::None,
            Some(Err(_)) => Tag::Other,
            Some(Ok(tag)) => {
                let ours = self.rules.iter().any(|(rule, _)| rule.id == tag.rule);
                Tag::Mark(tag, ours)
            }
        }
    }
}
