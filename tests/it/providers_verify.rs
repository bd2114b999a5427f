//! The cheap call by which each slot's credential is tried, against the stand-ins.

use switchboard::providers::verify::{CHECKS, verify};
use switchboard::sandbox::{Options, Sandbox};
use switchboard::vault::Verdict;

use crate::support::providers::Wiring;

#[tokio::test]
async fn each_slot_with_a_cheap_call_tells_a_good_key_from_a_wrong_one_and_both_from_an_outage() {
    let sandbox = Sandbox::start(Options { latency_scale: 0.0, ..Options::default() }).await.unwrap();
    let right = Wiring::to(&sandbox);
    let wrong = Wiring::to(&sandbox).with_wrong_keys();
    let (good, bad) = (right.credentials(), wrong.credentials());
    let gateway = right.gateway();
    let slots: Vec<_> = CHECKS.iter().map(|check| check.slot).collect();
    let data = ["twilio", "clearbit", "numverify", "hunter", "zerobounce"];
    let models = ["openai", "anthropic", "gemini", "openrouter", "compatible"];
    assert_eq!(slots, [data, models].concat());
    for check in CHECKS {
        let (slot, provider) = (check.slot, check.provider);
        assert_eq!(verify(&gateway, good.take(slot).unwrap()).await, Verdict::Accepted, "{slot}");
        let Verdict::Refused(said) = verify(&gateway, bad.take(slot).unwrap()).await else { panic!("{slot} takes it") };
        assert!(!said.contains("0123456789abcdef"), "{said}");
        sandbox.set_script(provider, "503:1c reset:1c 402:1c".parse().unwrap()).unwrap();
        for script in ["503", "reset", "402"] {
            let verdict = verify(&gateway, good.take(slot).unwrap()).await;
            assert!(matches!(verdict, Verdict::Unknown(_)), "{slot} {script}: {verdict:?}");
        }
    }
    for slot in ["whitepages", "truecaller"] {
        assert_eq!(verify(&gateway, good.take(slot).unwrap()).await, Verdict::NoCall, "{slot}");
    }
}
