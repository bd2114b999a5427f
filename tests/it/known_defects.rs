//! Defects that programs of this kind are known for, by number, and the tests which show that this one has none of them. A test that
//! exists for one of them alone bears its number. Those of webhooks (29 to 34) have no place here: nothing takes any.

use std::path::Path;

use crate::support::TestDb;
use crate::support::work::{contacts, count};

/// Number, the defect, tests that fail if we have it.
const DEFECTS: [(u8, &str, &[&str]); 36] = [
    (
        1,
        "invalid numbers go through paid steps",
        &[
            "an_invalid_number_gets_nothing_paid",
            "every_contact_goes_through_the_whole_pipeline_and_every_step_says_how_it_ended",
        ],
    ),
    (
        2,
        "facts of a package are read by names that are not there",
        &[
            "sim_swap_and_reassigned_are_read_by_their_published_names",
            "an_input_of_the_file_goes_out_with_the_package_that_needs_it_and_with_no_other",
        ],
    ),
    (
        3,
        "a package that is not enabled looks like no data",
        &[
            "a_package_with_a_code_of_its_own_is_kept_and_not_charged",
            "a_package_that_the_account_lacks_is_asked_once_told_once_and_left_out_by_everybody",
        ],
    ),
    (
        4,
        "every unknown number is a consumer",
        &["caller_type_decides_whether_it_is_a_business_and_unknown_stays_unknown"],
    ),
    (
        5,
        "words of one vocabulary are sought in another",
        &["every_field_of_every_vocabulary_compiles_to_sql_that_runs", "the_risk_level_follows_the_score"],
    ),
    (
        6,
        "a lookup costs the same whatever was bought",
        &["each_answered_package_is_charged_at_the_price_book_of_the_database"],
    ),
    (
        7,
        "an open breaker fails the contacts",
        &["five_failures_open_it_only_probes_go_out_and_the_lane_drains_when_it_is_over"],
    ),
    (
        8,
        "a contact reads failed while its retry waits",
        &["one_transaction_writes_all_that_a_batch_means", "until_empty_ends_with_0_when_everything_is_finished"],
    ),
    (
        9,
        "codes of another product are looked for and the right ones retried",
        &["codes_say_more_than_the_status", "a_number_that_twilio_does_not_know_fails_for_good_at_the_first_answer"],
    ),
    (
        10,
        "statuses are changed past their rules, and a dead worker leaves rows behind",
        &[
            "the_database_refuses_the_same_status_changes_as_the_status_machine",
            "the_jobs_of_a_silent_node_go_back_with_their_attempts_counted",
        ],
    ),
    (
        11,
        "paid work starts without a question",
        &["a_price_above_the_limit_is_refused_and_the_estimate_is_a_line_on_stderr"],
    ),
    (
        12,
        "numbers are taken and refused by their length",
        &["what_can_not_be_a_number_says_why", "every_spelling_of_one_number_is_one_number"],
    ),
    (
        13,
        "a step runs before what it needs is there",
        &[
            "the_chain_goes_on_by_facts_one_link_after_another",
            "no_step_runs_without_what_it_needs_and_none_for_whom_it_is_not",
        ],
    ),
    (
        14,
        "that nothing is known is forgotten, and a country counts as an address",
        &["defect_14_that_nothing_is_known_is_remembered_for_its_own_time", "defect_14_a_country_alone_is_no_address"],
    ),
    (
        15,
        "answers are read where nothing is",
        &[
            "defect_15_a_location_that_is_text_or_an_object_crashes_nothing_and_the_handle_is_joined_once",
            "defect_15_a_person_is_taken_only_if_the_phone_confirms",
            "defect_15_the_combined_answer_is_read_below_person",
        ],
    ),
    (
        16,
        "a guess keeps a provider from being asked",
        &["defect_16_a_guessed_address_is_not_asked_for_until_it_is_verified"],
    ),
    (
        17,
        "a guess is stored as found",
        &["defect_17_a_pattern_gives_a_guess_that_says_so", "a_guess_never_looks_like_something_found"],
    ),
    (
        18,
        "credits that are used up look like no data",
        &["defect_18_the_finder_asks_with_what_is_known_and_not_by_phone", "defect_18_rate_and_credits_are_told_apart"],
    ),
    (
        19,
        "errors in a 200 are read as answers, and a carrier as a business",
        &[
            "defect_19_errors_in_a_200_are_errors_and_not_invalid_numbers",
            "defect_19_a_carrier_is_no_business_and_a_landline_proves_nothing",
        ],
    ),
    (
        20,
        "an invalid address scores half, and blank answers are paid for twice",
        &[
            "defect_20_every_status_has_its_score_and_the_sub_status_its_own_column",
            "defect_20_a_blank_result_is_no_answer_and_no_reason_to_pay_elsewhere",
        ],
    ),
    (
        21,
        "an owner is read as a list, and every number as American",
        &[
            "defect_21_the_documented_owner_is_an_object_and_the_address_is_verified",
            "defect_21_the_number_is_ours_in_e164_and_its_country_is_not_always_america",
            "defect_21_a_place_without_a_street_is_worth_little_and_never_verified",
        ],
    ),
    (
        22,
        "duplicates are never looked for, or found by ten digits",
        &[
            "numbers_of_two_countries_never_share_a_fingerprint",
            "the_order_of_words_and_marks_does_not_matter_and_every_script_is_kept",
            "an_answered_lookup_plans_the_rest_and_is_the_contacts_end_of_waiting",
        ],
    ),
    (23, "the score is stale", &["defect_23_the_score_follows_what_it_is_made_of_at_once"]),
    (
        24,
        "answers with an error reset the breaker",
        &[
            "defect_24_statuses_count_for_the_breaker_and_refusals_of_our_input_do_not",
            "two_workers_count_together_and_send_one_probe_at_a_time",
        ],
    ),
    (25, "errors are swallowed before the job sees them", &["defect_25_no_failure_is_taken_for_an_answer"]),
    (
        26,
        "connections are shared by accident, and logs name the key",
        &["defect_26_no_error_and_no_log_line_of_a_failed_call_names_the_key_in_its_address"],
    ),
    (
        27,
        "nothing limits the rate",
        &[
            "a_rate_is_kept_over_a_second_and_begins_without_a_burst",
            "throttling_halves_the_calls_at_once_waits_as_told_and_burns_nothing",
        ],
    ),
    (28, "a call without a breaker runs unprotected", &["defect_28_who_has_no_line_is_not_called_without_protection"]),
    (
        35,
        "fields that are not there are dropped from a filter, and wildcards work in it",
        &[
            "a_field_that_does_not_exist_is_never_a_word_to_search_for",
            "no_value_ever_enters_the_sql_and_wildcards_are_escaped",
            "an_answer_of_the_schema_is_a_query",
            "whatever_a_model_answers_is_a_filter_of_the_language_or_a_refusal_with_a_reason",
        ],
    ),
    (
        36,
        "questions and answers stand in addresses",
        &["defect_36_no_word_of_a_question_or_an_answer_stands_in_an_address"],
    ),
    (37, "calls of providers are counted nowhere", &["a_call_with_two_paid_packages_is_one_call"]),
    (
        38,
        "the redactor misses plain lines and blanks harmless ones",
        &[
            "every_secret_of_the_corpus_is_hidden_and_its_neighbours_stay",
            "innocent_lines_stay_as_they_are_also_where_people_are_masked",
            "file_and_ring_hold_the_line_redacted_and_inert",
        ],
    ),
    (39, "secrets lie in clear", &["no_planted_secret_is_found_anywhere_and_the_same_search_finds_one_in_clear"]),
    (
        40,
        "what is shown is counted anew at each look, or by each row",
        &[
            "depths_and_totals_equal_what_counting_finds_after_every_step",
            "contacts_of_a_large_page_are_not_counted_one_by_one",
        ],
    ),
    (
        41,
        "checks print success without checking",
        &[
            "each_slot_with_a_cheap_call_tells_a_good_key_from_a_wrong_one_and_both_from_an_outage",
            "doctor_says_of_each_provider_whether_it_is_on_where_with_a_key_and_what_became_of_it",
            "migrate_and_doctor_agree_about_the_schema",
        ],
    ),
    (
        42,
        "tests are shaped after the code and not after what providers publish",
        &["every_published_example_completes_its_contact_with_its_fields_and_leaves_the_number_alone"],
    ),
];

/// All Rust files below a folder.
fn texts(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            texts(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_known_defect_has_its_tests() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    texts(&home.join("src"), &mut all);
    texts(&home.join("tests"), &mut all);
    for (number, defect, tests) in DEFECTS {
        for test in tests {
            assert!(all.contains(&format!("fn {test}(")), "{number} ({defect}): there is no test {test}");
        }
    }
}

#[tokio::test]
async fn defect_23_the_score_follows_what_it_is_made_of_at_once() {
    let test = TestDb::new().await;
    contacts(&test.db, 1).await;
    let score = "SELECT quality_score::bigint FROM contacts";
    let mut last = count(&test.db, score).await;
    let changes = [
        "email = 'jane@harbor.example', email_verified = true",
        "position = 'Head'",
        "business_website = 'harbor.example'",
        "sms_pumping_risk_level = 'low'",
    ];
    for change in changes {
        let sql = format!("UPDATE contacts SET {change}");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(test.db.pool()).await.unwrap();
        let now = count(&test.db, score).await;
        assert!(now > last, "{change}: {last} -> {now}");
        last = now;
    }
}
