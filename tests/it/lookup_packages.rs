//! Data packages that want to know something of the contact, and those that an account does not have.

use serde_json::json;

use crate::support::twilio::Twilio;
use crate::support::work::{count, queued, statuses, until};
use crate::support::{Program, TestDb};

const PEOPLE: &str = "phone,name,last verified,city,verification_sid,national_id\n\
    +14155550123,Ann Lee,2025-01-31,Springfield,VA1,ID7\n\
    +14155550124,,20250201,,,\n\
    +14155550125,,31/01/2025,,,\n";

#[tokio::test]
async fn an_input_of_the_file_goes_out_with_the_package_that_needs_it_and_with_no_other() {
    let test = TestDb::new().await;
    let twilio = Twilio::answering(vec![(200, json!({"valid": true}).to_string())]).await;
    let program = Program::quick(&test, &twilio.url, "AC1", "t")
        .twilio("PACKAGES", "caller_name,reassigned_number,identity_match,sms_pumping_risk,pre_fill")
        .twilio("PARTNER_SUB_ID", "tenant-7");
    let file = program.file("people.csv", PEOPLE);
    assert_eq!(program.run(&["import", &file, "--lookup", "--yes"]).await.code, 0);
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    let mut asked: Vec<String> = twilio.asked().iter().map(|asked| format!("{}?{}", asked.path, asked.query)).collect();
    asked.sort_unstable();
    let number = "/v2/PhoneNumbers/%2B1415555012";
    let fields = |names: &str| format!("Fields={}", names.replace(',', "%2C"));
    assert_eq!(
        asked,
        [
            format!(
                "{number}3?{}&FirstName=Ann&LastName=Lee&City=Springfield&NationalId=ID7&LastVerifiedDate=20250131&VerificationSid=VA1&PartnerSubId=tenant-7",
                fields("caller_name,identity_match,reassigned_number,sms_pumping_risk,pre_fill")
            ),
            format!(
                "{number}4?{}&LastVerifiedDate=20250201&PartnerSubId=tenant-7",
                fields("caller_name,reassigned_number,sms_pumping_risk,pre_fill")
            ),
            format!("{number}5?{}&PartnerSubId=tenant-7", fields("caller_name,sms_pumping_risk,pre_fill")),
        ]
    );
    let beside = "SELECT count(*) FROM contacts WHERE extra->>'reassigned_last_verified' = '31/01/2025'";
    assert_eq!(count(&test.db, beside).await, 1, "a day that could be two is kept as it came");
    let kept = "SELECT count(*) FROM provider_results WHERE request_key LIKE '%Lee%' OR request_key LIKE '%ID7%'";
    assert_eq!(count(&test.db, kept).await, 0);
}

#[tokio::test]
async fn the_day_of_the_last_contact_can_be_set_by_hand_and_makes_reassigned_askable() {
    let test = TestDb::new().await;
    let ids = queued(&test.db, 1).await;
    let twilio = Twilio::answering(vec![(200, json!({"valid": true}).to_string())]).await;
    let program = Program::quick(&test, &twilio.url, "AC1", "t").twilio("PACKAGES", "reassigned_number");
    let id = ids[0].to_string();
    let wrong = program.run(&["contacts", "set", &id, "last_verified=01/02/2025"]).await;
    assert!(wrong.code != 0 && wrong.err.contains("a day such as 2025-01-31"), "{wrong:?}");
    assert_eq!(program.run(&["contacts", "set", &id, "last_verified=2025-01-31"]).await.code, 0);
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    assert_eq!(twilio.asked()[0].query, "Fields=reassigned_number&LastVerifiedDate=20250131");
}

#[tokio::test]
async fn a_package_that_the_account_lacks_is_asked_once_told_once_and_left_out_by_everybody() {
    let test = TestDb::new().await;
    queued(&test.db, 3).await;
    let without = json!({"valid": true, "sim_swap": {"error_code": 60606}, "caller_name": {"caller_name": "A B"}});
    let twilio = Twilio::answering(vec![(200, without.to_string()), (200, json!({"valid": true}).to_string())]).await;
    let program = Program::quick(&test, &twilio.url, "AC1", "t")
        .twilio("PACKAGES", "caller_name,sim_swap")
        .twilio("CONCURRENCY_START", "1")
        .twilio("CONCURRENCY_CAP", "1");
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    let told =
        "SELECT count(*) FROM timeline WHERE kind = 'package' AND subject = 'twilio' AND summary LIKE '%sim_swap%'";
    until(&test.db, "SELECT EXISTS (SELECT FROM lacking_packages WHERE package = 'sim_swap')").await;
    let again = program.run(&["lookup", "--all", "--again", "--yes"]).await;
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(program.run(&["worker", "--until-empty"]).await.code, 0);
    let asked: Vec<String> = twilio.asked().iter().map(|asked| asked.query.clone()).collect();
    let (with, alone) = ("Fields=caller_name%2Csim_swap", "Fields=caller_name");
    assert_eq!(asked, [with, alone, alone, alone, alone, alone]);
    assert_eq!((count(&test.db, told).await, statuses(&test.db).await), (1, (0, 0, 3, 0)));
    let doctor = program.run(&["doctor"]).await;
    assert!(doctor.out.contains("sim_swap") && doctor.out.contains("60606"), "{doctor:?}");
}
