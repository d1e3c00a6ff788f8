//! One driver per study; readers are free.

use std::fs;

use crate::lab::{Ended, Lab};

#[test]
fn the_second_driver_is_refused_and_told_the_first_one_s_number() {
    let lab = Lab::random(2);
    let words = "sleep=600000";
    let driver = lab.start("-j 2", words);
    lab.until("two jobs", || lab.living().len() == 2);
    lab.run("-j 2", words).exits(2).complains(&driver.pid().to_string());
    for line in ["trials m.study", "best m.study", "export m.study"] {
        let read = Ended::of(lab.hypertune(line).output().unwrap());
        assert!(read.status.code().is_some_and(|code| code == 0 || code == 3), "{line}: {read:?}");
    }
    driver.signal(9);
    driver.end();
    lab.nothing_lives();
}

#[test]
fn a_dead_driver_s_lock_is_taken_over() {
    let lab = Lab::random(2);
    let driver = lab.start("-j 2", "pace=50");
    lab.until("a lock", || lab.study().join("lock").exists());
    driver.signal(9);
    let pid = driver.pid().to_string();
    driver.end();
    lab.nothing_lives();
    let left = fs::read_to_string(lab.study().join("lock")).unwrap();
    assert!(left.trim() == pid || left.is_empty());
    lab.run("-j 2", "pace=50").exits(0);
    assert_eq!(lab.outcome().values.len(), 2);
}
