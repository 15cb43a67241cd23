//! What every backend promises: one suite for all storage ports, run by each.
//!
//! To add a backend, write a file with a `fresh()` that makes a [`Subject`], and the line
//! `conformance!(fresh);`. A behaviour that is missing from the list below is dead code, and the
//! compiler says so.

mod fan_out;
mod files;
mod listing;
mod message_queue;
mod own_queue;
mod raw_queue;
mod record_store;
mod subject;
mod tallies;
mod two_versions;
mod writes;

use subject::{Subject, Time};

/// One test for each behaviour, in the module of the backend.
macro_rules! conformance {
    ($fresh:ident) => {
        conformance! { $fresh:
            record_store::a_store_is_prepared_twice_without_harm,
            record_store::a_prepared_store_passes_its_check,
            record_store::a_created_record_reads_back,
            record_store::a_taken_name_is_not_created_again,
            record_store::one_of_many_concurrent_creates_wins,
            record_store::a_missing_record_is_nothing_to_read_replace_or_delete,
            record_store::a_replace_with_the_current_etag_gives_a_new_one,
            record_store::a_replace_with_a_stale_etag_changes_nothing,
            record_store::one_of_two_concurrent_replaces_wins,
            record_store::a_replace_moves_the_modification_time,
            record_store::a_delete_with_a_stale_etag_deletes_nothing,
            record_store::a_delete_with_the_current_etag_deletes,
            record_store::a_delete_without_an_etag_deletes,
            record_store::an_etag_does_not_outlive_its_record,
            record_store::bodies_are_any_bytes_of_any_length,
            record_store::of_a_record_that_is_too_large_a_look_gives_what_a_listing_does,
            listing::an_empty_store_lists_nothing,
            listing::names_come_in_bytewise_order,
            listing::only_names_with_the_prefix_come,
            listing::pages_lead_on_to_the_end,
            listing::a_page_leads_on_after_deletions,
            listing::a_row_shows_the_record_it_stands_for,
            listing::a_row_shows_why_a_task_failed,
            listing::a_row_shows_when_a_task_is_due_and_what_it_is_called,
            writes::accepted_work_has_a_record_and_a_message_of_its_version,
            writes::after_a_step_that_does_not_hold_none_is_done,
            writes::steps_are_done_in_their_order,
            writes::an_ending_takes_its_message_with_it,
            writes::a_stale_receipt_does_not_undo_an_ending,
            writes::another_attempt_is_one_write,
            writes::a_write_gives_a_message_up,
            writes::what_is_put_is_there_whatever_was_before,
            writes::an_ending_that_does_not_hold_is_not_done_after_its_entry,
            writes::a_message_that_is_held_is_its_senders_to_delete,
            writes::a_message_that_is_held_is_its_senders_to_renew,
            writes::a_message_that_was_held_comes_as_if_it_had_just_been_sent,
            writes::a_record_and_the_message_that_is_held_for_it_are_one_write,
            writes::of_many_writes_each_has_its_own_end,
            fan_out::messages_in_a_row_are_sent_after_their_record_and_before_what_follows,
            fan_out::of_a_write_that_does_not_hold_no_message_is_sent,
            tallies::a_tally_is_empty_and_stays_as_it_is_when_it_is_opened_again,
            tallies::entries_come_in_the_order_in_which_they_were_added,
            tallies::many_add_at_once_and_no_entry_is_lost,
            tallies::the_last_of_those_who_added_counts_all,
            tallies::to_a_tally_that_is_missing_nothing_is_added,
            tallies::tallies_are_cleared_by_what_their_names_begin_with,
            tallies::a_tally_is_no_record,
            tallies::a_listing_of_records_tells_of_tallies_apart,
            message_queue::a_queue_is_prepared_twice_without_harm,
            message_queue::an_empty_queue_gives_nothing,
            message_queue::a_text_arrives_unchanged,
            message_queue::a_received_message_is_hidden_until_its_timeout_ends,
            message_queue::the_dequeue_count_goes_up_with_each_delivery,
            message_queue::a_message_released_with_zero_is_visible_at_once,
            message_queue::a_renewal_hides_a_message_for_longer,
            message_queue::a_renewal_makes_the_receipt_stale,
            message_queue::a_stale_receipt_deletes_nothing,
            message_queue::a_stale_receipt_releases_nothing,
            message_queue::a_deleted_message_is_gone,
            message_queue::a_receive_takes_no_more_than_it_asks_for,
            message_queue::a_delayed_message_comes_after_its_delay,
            message_queue::the_length_counts_hidden_messages,
            message_queue::the_oldest_visible_message_tells_its_age,
            message_queue::concurrent_receivers_never_share_a_message,
            message_queue::the_poison_queue_is_a_queue_of_its_own,
            message_queue::a_message_that_is_given_up_is_a_dead_letter,
            message_queue::a_dead_letter_stays_one,
            message_queue::a_second_queue_has_messages_of_its_own,
            message_queue::a_queue_takes_the_longest_message_and_any_delay,
            message_queue::storage_is_used_from_many_threads,
            own_queue::a_flood_in_one_queue_holds_up_no_task_of_another,
            own_queue::another_attempt_stays_in_the_queue_of_its_kind,
            own_queue::what_an_older_process_sends_to_the_main_queue_is_worked_off,
            own_queue::what_a_process_leaves_behind_in_either_queue_is_done_by_the_next,
            two_versions::a_newer_schema_is_put_off_and_not_poisoned,
            two_versions::a_field_and_a_key_that_came_later_are_kept,
        }
    };
    ($fresh:ident: $($suite:ident::$behaviour:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $behaviour() {
            super::$suite::$behaviour(&$fresh().await).await;
        }
    )+};
}

// Below the macro, which is in scope from its definition on.
mod azure;
mod embedded;
mod embedded_file;
mod embedded_files;
mod embedded_newest;
mod embedded_tallies;
mod memory;
