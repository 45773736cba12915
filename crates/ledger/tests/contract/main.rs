//! One contract, every ledger: each promise of the port is one function over `&dyn Ledger`, run on each of them.

mod changes;
mod claims;
mod compact;
mod events;
mod files;
mod fixtures;
mod leases;
mod migration;
mod model;
mod processes;
mod slots;

macro_rules! contract {
    ($($module:ident: $($name:ident),+;)+) => {
        mod memory {
            $($(#[tokio::test]
            async fn $name() {
                super::$module::$name(&super::fixtures::memory()).await;
            })+)+
        }

        mod sqlite {
            $($(#[tokio::test]
            async fn $name() {
                let (_directory, ledger) = super::fixtures::sqlite();
                super::$module::$name(&ledger).await;
            })+)+
        }
    };
}

contract! {
    events:
        a_new_ledger_is_empty,
        drafts_are_sealed_in_order_and_the_chain_verifies,
        a_thousand_events_are_one_commit,
        what_is_answered_is_what_is_kept,
        every_field_of_a_query_narrows,
        fields_narrow_together,
        limits_and_order,
        times_are_bounds_to_the_nanosecond,
        a_prefix_is_no_pattern;
    claims:
        a_key_is_won_once_for_ever,
        a_key_is_won_once_in_a_slice,
        a_won_claim_is_kept_whole,
        a_thousand_claims_are_one_commit,
        every_field_of_a_claim_query_narrows,
        last_actions_are_those_that_count,
        last_actions_are_the_latest_by_unit_in_full,
        last_actions_of_a_unit_that_spans_regions_are_one;
    slots:
        a_day_counter_takes_up_to_its_limit,
        a_day_counter_without_a_limit_still_counts,
        a_day_counter_never_wraps,
        one_full_slot_and_nothing_is_added,
        the_first_full_slot_is_named,
        a_counter_named_twice_is_added_twice,
        a_slice_spends_in_order,
        day_counters_are_never_given_back,
        counters_are_of_one_mode_and_date,
        concurrent_counts_targets_with_its_own,
        concurrent_is_freed_by_moving_on,
        unrecovered_holds_at_its_limit,
        gauges_are_of_one_mode_and_all_accounts,
        a_unit_is_idle_when_no_claim_on_it_is_open,
        a_unit_is_as_it_was_judged_when_nothing_later_counts,
        claims_without_limits_fill_the_gauges_too;
    leases:
        a_claim_is_its_winners_for_a_while,
        how_it_ended_is_said_once,
        a_lease_is_renewed_and_changes_hands,
        a_lease_is_taken_only_as_it_was_read,
        only_its_holder_moves_a_claim,
        what_is_closed_stays_as_it_is,
        nobody_holds_what_nobody_claimed;
    changes:
        a_move_leaves_what_it_does_not_name,
        moves_are_made_in_order,
        an_unclaimed_key_undoes_the_whole_commit,
        pauses_are_kept_as_they_are_side_by_side,
        changes_of_pauses_are_made_in_order,
        a_pause_that_there_may_be_once_is_pulled_once,
        a_pause_ends_once_and_only_if_there_is_one,
        only_the_first_word_lifts_the_birth,
        findings_are_open_until_they_are_closed,
        a_first_sight_stays_until_the_unit_is_gone,
        a_survey_is_kept_where_nobody_knows_better,
        cursors_never_go_back;
    compact:
        nothing_old_is_nothing_told,
        old_events_go_from_the_front_and_the_rest_verifies,
        what_a_sink_has_not_told_stays,
        the_first_event_that_stays_keeps_all_after_it,
        a_chain_may_be_compacted_whole_and_goes_on,
        what_tells_of_it_is_not_itself_too_old,
        open_claims_and_the_last_of_a_unit_stay,
        counters_of_older_dates_go,
        it_goes_in_pieces;
}
