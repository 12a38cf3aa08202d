//! The suite passes a protocol that holds to everything, and finds what is wrong with each that does not.

mod toy;

use std::future::Future;

use anyhow::Result;

use self::toy::{Flaw, Toy};

crate::conformance!(Toy<{ Flaw::NONE }>);

/// Sees a clause of the suite fail, and in these words.
async fn found(clause: impl Future<Output = Result<()>>, words: &str) {
    let said = clause.await.expect_err("the suite does not see it").to_string();
    assert!(said.starts_with(words), "it fails for another reason: {said}");
}

/// A test for each flaw: the clause that finds it, and what that says.
macro_rules! finds {
    ($($test:ident: $flaw:ident by $clause:ident, $words:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                found(super::$clause::<Toy<{ Flaw::$flaw }>>(), $words).await;
            }
        )*
    };
}

finds! {
    a_denial_that_is_ignored_is_found: IGNORES_DENIALS by denied_never_reaches_the_target,
        "what no rule allows was done";
    a_denial_that_only_the_client_sees_is_found: DENIES_TOO_LATE by denied_never_reaches_the_target,
        "the target saw what was denied";
    a_protocol_that_decides_for_itself_is_found: DECIDES_ITSELF by denied_never_reaches_the_target,
        "the denial is not in the journal";
    a_session_that_dies_of_a_denial_is_found: DIES_OF_DENIALS by denied_never_reaches_the_target,
        "the session did not outlive a denial";
    what_is_sent_before_its_record_is_found: RUSHES by nothing_is_sent_before_its_record,
        "the target saw an operation before its record was written";
    what_is_sent_without_a_record_is_found: IGNORES_FAULTS by a_lost_journal_stops_everything,
        "an operation went through without its record";
    a_cell_that_is_not_masked_is_found: SENDS_CELLS_AS_THEY_ARE by a_masked_value_is_nowhere,
        "the client saw the masked value";
    a_masked_value_in_the_journal_is_found: NOTES_WHAT_IT_SENDS by a_masked_value_is_nowhere,
        "the journal holds the masked value";
    malformed_input_that_is_passed_over_is_found: PASSES_OVER_GARBAGE by malformed_input_ends_its_own_session_only,
        "its session went on";
    malformed_input_that_ends_other_sessions_is_found: FALLS_WHOLE by malformed_input_ends_its_own_session_only,
        "another session suffered";
    what_does_not_wait_for_its_approval_is_found: DOES_NOT_WAIT by what_waits_runs_only_once_approved,
        "the target saw what still waits";
    what_runs_although_it_was_refused_is_found: IGNORES_ANSWERS by what_waits_runs_only_once_approved,
        "after Deny";
    what_runs_although_nobody_waits_is_found: RUNS_WHAT_WAS_TAKEN_BACK by what_is_taken_back_never_runs,
        "the target saw what was taken back";
    a_question_that_outlives_its_client_is_found: LEAVES_QUESTIONS_OPEN by what_is_taken_back_never_runs,
        "it can be approved although nobody waits for it";
    a_session_without_end_is_found: STAYS by a_session_that_is_over_ends,
        "the session did not end with its time";
    a_credential_that_the_client_sees_is_found: SHOWS_THE_CREDENTIAL by the_credential_stays_inside,
        "a client saw the injected credential";
    a_credential_in_the_journal_is_found: NOTES_THE_CREDENTIAL by the_credential_stays_inside,
        "the journal holds the injected credential";
    a_credential_that_comes_back_unheard_is_found: DOES_NOT_LISTEN by a_credential_that_comes_back_ends_its_session,
        "a client saw the injected credential";
    a_credential_that_nobody_is_told_of_is_found: KEEPS_IT_QUIET by a_credential_that_comes_back_ends_its_session,
        "there is no alert";
    a_session_that_outlives_it_is_found: HEARS_AND_GOES_ON by a_credential_that_comes_back_ends_its_session,
        "its session went on";
    what_the_recording_does_not_have_is_found: SAYS_WHAT_IT_DOES_NOT_RECORD by what_a_client_sees_is_recorded,
        "the client saw what was not recorded";
    what_the_recording_has_no_more_than_the_end_of_is_found: RECORDS_THE_END_ALONE by what_a_client_sees_is_recorded,
        "the client saw what was not recorded";
    a_masked_value_in_the_recording_is_found: RECORDS_BEFORE_IT_MASKS by a_masked_value_is_nowhere,
        "the recording holds the masked value";
    what_is_shown_without_a_recorder_is_found: SAYS_WHAT_CANNOT_BE_RECORDED by what_cannot_be_recorded_is_not_shown,
        "the client saw what cannot be recorded";
}
