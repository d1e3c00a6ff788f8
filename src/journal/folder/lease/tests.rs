//! Tests of leases.

use std::fs::OpenOptions;

use super::*;

const BOOT_ID: &str = "a2f9e615-0d25-4228-b0a9-69a99f6d8006";

fn machine(host: &str) -> Machine {
    Machine { host: host.to_owned(), boot_id: Some(BOOT_ID.to_owned()) }
}

fn record() -> LeaseRecord {
    LeaseRecord::parse(format!("12\nn1 0000000000 {BOOT_ID}\n").as_bytes()).unwrap()
}

#[test]
fn a_lock_file_names_process_host_and_boot() {
    let parse = |text: &str| LeaseRecord::parse(text.as_bytes());
    for (text, boot_id) in [
        ("12\nnode7.site 0000000042\n".to_owned(), None),
        (format!("12\nnode7.site 0000000042 {BOOT_ID}\n"), Some(BOOT_ID.to_owned())),
    ] {
        let record = parse(&text).unwrap();
        assert_eq!(record.holder, LeaseHolder { pid: 12, host: Some("node7.site".into()), boot_id });
        assert_eq!((record.renewals, record.text()), (42, text));
    }
    for text in ["12\n", "12", "12\nrubbish", "12\nno host 1\n", "12\nn1 1 2\n", "12\nn1 x\n", "12\nn1 \n"] {
        assert_eq!(parse(text).unwrap().holder, LeaseHolder { pid: 12, host: None, boot_id: None }, "{text:?}");
    }
    assert_eq!(["", "x\n", "-1\n"].map(parse), [const { None }; 3]);
}

#[test]
fn machines_with_the_same_name_differ_by_their_boot() {
    let record = record();
    assert_eq!(record.is_on(&machine("n1")), Some(true));
    assert_eq!(record.is_on(&machine("n2")), Some(false));
    let other = Machine { boot_id: Some(BOOT_ID.replace('a', "b")), ..machine("n1") };
    assert_eq!(record.is_on(&other), Some(false));
    let this = Machine::this();
    assert!(this.boot_id.is_some(), "{this:?}");
}

#[test]
fn a_lease_that_cannot_be_read_once_is_renewed_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let mut record = record();
    fs::write(&path, record.text()).unwrap();
    let content = || fs::read_to_string(&path).unwrap();
    // Reading through this handle is an error.
    let unreadable = OpenOptions::new().write(true).open(&path).unwrap();
    assert_eq!(renew(&unreadable, &mut record), LeaseState::Unreadable);
    assert_eq!(content(), format!("12\nn1 0000000000 {BOOT_ID}\n"));
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    assert_eq!(renew(&file, &mut record), LeaseState::Own);
    assert_eq!(content(), format!("12\nn1 0000000001 {BOOT_ID}\n"));
    file.set_len(0).unwrap();
    assert_eq!(renew(&file, &mut record), LeaseState::Missing);
    assert_eq!(content(), format!("12\nn1 0000000002 {BOOT_ID}\n"));
}

#[test]
fn a_lease_that_another_driver_has_taken_over_is_neither_renewed_nor_removed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    for foreign in ["1\nn2 0000000000\n", "12\nn1 0000000000 b2f9e615-0d25-4228-b0a9-69a99f6d8006\n", "1\n"] {
        fs::write(&path, "").unwrap();
        let open = || OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let lease = Lease::write(open(), &machine("n1"), FileSystemScope::Machine, &LeaseTiming::default()).unwrap();
        assert!(lease.is_in(&path));
        fs::write(&path, foreign).unwrap();
        assert!(!lease.is_in(&path));
        assert_eq!(renew(&open(), &mut record()), LeaseState::Foreign);
        drop(lease);
        assert_eq!(fs::read_to_string(&path).unwrap(), foreign);
    }
}

#[test]
fn a_lease_is_replaced_without_a_moment_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let (old, mut new) = (record(), record());
    new.holder.host = Some("n2".to_owned());
    fs::write(&path, old.text()).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for _ in 0..2_000 {
                replace(&file, &new).unwrap();
                replace(&file, &old).unwrap();
            }
        });
        while !writer.is_finished() {
            assert!(LeaseRecord::read(&path).unwrap().is_some_and(|found| found.holder.host.is_some()));
        }
    });
    new.holder.host = None;
    replace(&file, &new).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "12\n");
}
