use super::*;

#[test]
fn what_stops_and_starts() {
    for (state, off, on) in [
        (Some("running"), Standing::Otherwise, Standing::So),
        (Some("stopped"), Standing::So, Standing::Otherwise),
        (Some("stopping"), Standing::Moving, Standing::Moving),
        (Some("pending"), Standing::Moving, Standing::Moving),
        (Some("shutting-down"), Standing::Gone, Standing::Gone),
        (Some("terminated"), Standing::Gone, Standing::Gone),
        (None, Standing::Gone, Standing::Gone),
    ] {
        let theirs = state.map(InstanceStateName::from);
        assert_eq!(power(theirs.as_ref(), Power::Off), off, "{state:?}");
        assert_eq!(power(theirs.as_ref(), Power::On), on, "{state:?}");
    }
}

fn attachment(instance: &str, device: &str, state: &str) -> ec2::VolumeAttachment {
    ec2::VolumeAttachment::builder().instance_id(instance).device(device).state(state.into()).build()
}

fn volume(state: &str, attachments: Vec<ec2::VolumeAttachment>) -> ec2::Volume {
    ec2::Volume::builder().volume_id("vol-1").state(state.into()).set_attachments(Some(attachments)).build()
}

fn seen_from(theirs: ec2::Volume) -> Result<Place, Flaw> {
    place_of(theirs, "i-1", "/dev/sdf")
}

#[test]
fn where_a_volume_is() {
    for (state, place) in [
        ("available", Place::Nowhere),
        ("creating", Place::Moving),
        ("deleting", Place::Gone),
        ("deleted", Place::Gone),
    ] {
        assert_eq!(seen_from(volume(state, Vec::new())), Ok(place), "{state}");
    }
    for (instance, device, state, place) in [
        ("i-1", "/dev/sdf", "attached", Place::Here),
        ("i-1", "/dev/sdg", "attached", Place::Elsewhere),
        ("i-2", "/dev/sdf", "attached", Place::Elsewhere),
        ("i-1", "/dev/sdf", "attaching", Place::Moving),
        ("i-1", "/dev/sdf", "detaching", Place::Moving),
        ("i-1", "/dev/sdf", "busy", Place::Moving),
        ("i-1", "/dev/sdf", "detached", Place::Nowhere),
        ("i-2", "/dev/sdf", "detached", Place::Nowhere),
    ] {
        let theirs = volume("in-use", vec![attachment(instance, device, state)]);
        assert_eq!(seen_from(theirs), Ok(place), "{instance} {device} {state}");
    }
}

#[test]
fn a_volume_that_others_share_is_where_this_one_has_it() {
    let both = || vec![attachment("i-2", "/dev/sdf", "attached"), attachment("i-1", "/dev/sdf", "attached")];
    assert_eq!(seen_from(volume("in-use", both())), Ok(Place::Here));
    let mut theirs = volume("in-use", both()[..1].to_vec());
    assert_eq!(seen_from(theirs.clone()), Ok(Place::Elsewhere));
    theirs.multi_attach_enabled = Some(true);
    assert_eq!(seen_from(theirs), Ok(Place::Nowhere));
}

#[test]
fn a_volume_that_cannot_be_read_is_nowhere_known() {
    let flaw = |theirs| seen_from(theirs).unwrap_err();
    assert_eq!(flaw(ec2::Volume::builder().build()), "a volume's id is missing");
    assert_eq!(flaw(ec2::Volume::builder().volume_id("vol-1").build()), "the state of vol-1 is missing");
    let odd = attachment("i-1", "/dev/sdf", "hovering");
    assert_eq!(flaw(volume("in-use", vec![odd])), "the unknown state `hovering` of an attachment of vol-1");
    let stateless = ec2::VolumeAttachment::builder().instance_id("i-1").build();
    assert_eq!(flaw(volume("in-use", vec![stateless])), "the state of an attachment of vol-1 is missing");
}

#[test]
fn every_word_of_a_members_life() {
    use Standing::{Gone, Moving, Otherwise, So};
    for (word, standby, service, outside, inside) in [
        ("InService", Otherwise, So, Otherwise, So),
        ("Standby", So, Otherwise, Otherwise, Otherwise),
        ("EnteringStandby", Moving, Moving, Moving, Moving),
        ("Detaching", Moving, Moving, Moving, Moving),
        ("Pending", Moving, Moving, Moving, Moving),
        ("Pending:Wait", Moving, Moving, Moving, Moving),
        ("ReplacingRootVolume:Wait", Moving, Moving, Moving, Moving),
        ("Terminating", Gone, Gone, Gone, Gone),
        ("Terminating:Wait", Gone, Gone, Gone, Gone),
        ("Terminated", Gone, Gone, Gone, Gone),
        ("Warmed:Stopped", Otherwise, Otherwise, Otherwise, Otherwise),
        ("Hovering", Otherwise, Otherwise, Otherwise, Otherwise),
    ] {
        let found = [Wanted::Standby, Wanted::Service, Wanted::Outside, Wanted::Inside].map(|one| lives(word, one));
        assert_eq!(found, [standby, service, outside, inside], "{word}");
    }
}

#[test]
fn a_member_without_a_word_is_no_answer() {
    let group = |member: scaling::Instance| seen(scaling::AutoScalingGroup::builder().instances(member).build());
    let member = || scaling::Instance::builder().instance_id("i-1");
    let flaw = "LifecycleState of member i-1 is missing";
    assert_eq!(group(member().build()).unwrap_err(), flaw);
    assert_eq!(group(member().lifecycle_state(NO_VALUE.into()).build()).unwrap_err(), flaw);
    assert_eq!(group(scaling::Instance::builder().build()).unwrap_err(), "a member's id is missing");
    let whole = group(member().lifecycle_state("Standby".into()).build()).unwrap();
    assert_eq!(whole.members, [("i-1".to_owned(), "Standby".to_owned())].into());
}
