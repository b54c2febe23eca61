use std::fs;

use proptest::prelude::*;

use super::*;

mod acknowledged;

/// A frame that tells its number, of about this size.
fn frame(number: u64, size: usize) -> Vec<u8> {
    let rest = "x".repeat(size);
    let text = format!(r#"{{"times":[{number}],"series":{{"a":[1]}},"rest":"{rest}"}}"#);
    text.into_bytes()
}

fn frames(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| frame(number, 40)).collect()
}

fn open(folder: &Path) -> Spool {
    Spool::builder(folder).open().unwrap()
}

/// Appends all and writes them out.
fn append(spool: &mut Spool, frames: &[Vec<u8>]) {
    let (count, file) = spool.append(frames).unwrap();
    assert_eq!(count, frames.len());
    file.sync_data().unwrap();
}

fn read_all(spool: &mut Spool) -> Vec<Record> {
    let records = std::iter::from_fn(|| spool.read().unwrap()).collect();
    spool.mark_sent().unwrap();
    records
}

fn numbers(records: &[Record]) -> Vec<u64> {
    for record in records {
        let text = std::str::from_utf8(&record.payload).unwrap();
        assert!(text.starts_with(&format!(r#"{{"times":[{}],"#, record.number)), "{text}");
    }
    records.iter().map(|record| record.number).collect()
}

fn data_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "records"))
        .collect();
    files.sort();
    files
}

#[test]
fn keeps_what_is_not_acknowledged_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..5));
    assert_eq!(numbers(&read_all(&mut spool)), [0, 1, 2, 3, 4]);
    spool.acknowledge(1).unwrap();
    assert_eq!(spool.waiting(), 3);
    append(&mut spool, &frames(5..7));
    assert_eq!(numbers(&read_all(&mut spool)), [5, 6], "the others are under way");
    spool.rewind();
    append(&mut spool, &frames(7..8));
    let again = read_all(&mut spool);
    assert_eq!(numbers(&again), [2, 3, 4, 5, 6, 7]);
    assert_eq!(again.iter().filter(|record| record.is_resent).count(), 5, "all but the last");
    drop(spool);

    let mut spool = open(folder.path());
    assert_eq!((spool.waiting(), spool.cut_bytes()), (6, 0));
    assert!(read_all(&mut spool).iter().all(|record| record.is_resent), "all were sent by another process");
    spool.acknowledge(7).unwrap();
    drop(spool);
    assert_eq!(open(folder.path()).waiting(), 0);
}

#[test]
fn cuts_a_torn_tail_off_wherever_it_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..3));
    drop(spool);
    let path = data_files(folder.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let record = whole.len() / 3;
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let mut spool = open(folder.path());
        assert_eq!(spool.waiting(), (length / record) as u64);
        assert_eq!(spool.cut_bytes(), (length % record) as u64);
        // It goes on where it was cut.
        let rest = frames(spool.waiting()..4);
        append(&mut spool, &rest);
        assert_eq!(numbers(&read_all(&mut spool)), [0, 1, 2, 3], "{length}");
    }
}

#[test]
fn takes_no_frame_that_was_changed_and_no_run_of_zeros() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..2));
    drop(spool);
    let path = data_files(folder.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    for index in whole.len() / 2..whole.len() {
        let mut changed = whole.clone();
        changed[index] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(open(folder.path()).waiting(), 1, "{index}");
    }
    // A file that grew, and whose new part was never written out.
    fs::write(&path, [&whole[..], &[0; 4096]].concat()).unwrap();
    let spool = open(folder.path());
    assert_eq!((spool.waiting(), spool.cut_bytes()), (2, 4096));
}

#[test]
fn what_is_cut_off_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    append(&mut open(folder.path()), &frames(0..2));
    let path = data_files(folder.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let second = whole.len() / 2;
    for _ in 0..2 {
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(open(folder.path()).cut_bytes(), second as u64 - 1);
    }
    let aside = fs::read(folder.path().join("00000000000000000001.torn")).unwrap();
    let torn = &whole[second..whole.len() - 1];
    assert_eq!(aside, [torn, torn].concat(), "neither was written over");
    assert_eq!(open(folder.path()).cut_bytes(), 0);
}

#[test]
fn damage_before_a_whole_record_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = open(folder.path());
    append(&mut spool, &frames(0..3));
    read_all(&mut spool);
    drop(spool);
    let path = data_files(folder.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    // Whether or not that record was acknowledged, and be it the length that is wrong.
    for _ in 0..2 {
        for index in whole.len() / 3..whole.len() / 3 * 2 {
            let mut changed = whole.clone();
            changed[index] ^= 1;
            fs::write(&path, &changed).unwrap();
            let error = Spool::builder(folder.path()).open().unwrap_err();
            assert!(format!("{error:?}").contains("record 1 or one behind it is damaged"), "{error:?}");
            assert_eq!(fs::read(&path).unwrap(), changed, "{index}");
        }
        fs::write(&path, &whole).unwrap();
        open(folder.path()).acknowledge(1).unwrap();
    }
}

#[test]
fn refuses_damage_that_no_crash_explains() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Spool::builder(folder.path()).with_limit(4_000);
    let mut spool = builder.clone().open().unwrap();
    append(&mut spool, &frames(0..20));
    read_all(&mut spool);
    drop(spool);
    let files = data_files(folder.path());
    assert!(files.len() > 1, "{files:?}");
    let mut bytes = fs::read(&files[0]).unwrap();
    bytes[12] ^= 1;
    fs::write(&files[0], bytes).unwrap();
    let error = builder.open().unwrap_err();
    assert!(error.to_string().contains("the spool cannot be used"), "{error}");
    assert!(error.advice().contains("disk may be failing"), "{}", error.advice());
    assert!(format!("{error:?}").contains("record 0 or one behind it is damaged"), "{error:?}");
}

#[test]
fn is_full_and_has_room_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::builder(folder.path()).with_limit(4_000).open().unwrap();
    let mut sent = 0;
    let mut taken = 0;
    for _ in 0..10 {
        let (count, _) = spool.append(&frames(taken..taken + 100)).unwrap();
        taken += count as u64;
        let occupied: u64 = data_files(folder.path()).iter().map(|it| fs::metadata(it).unwrap().len()).sum();
        assert!(occupied <= 4_000 && count > 0, "{occupied} {count}");
        assert_eq!(spool.append(&frames(taken..taken + 1)).unwrap().0, 0, "full");
        for number in numbers(&read_all(&mut spool)) {
            assert_eq!(number, sent);
            sent += 1;
        }
        // Half of it, then all of it: either makes room.
        spool.acknowledge(if taken % 2 == 0 { sent - 1 } else { sent - 15 }).unwrap();
    }
    for number in numbers(&read_all(&mut spool)) {
        spool.acknowledge(number).unwrap();
    }
    spool.acknowledge(taken - 1).unwrap();
    let (count, _) = spool.append(&[frame(taken, 3_900)]).unwrap();
    assert_eq!(count, 1, "what is acknowledged takes no room from what needs it");
    let error = spool.append(&[frame(0, 5_000)]).unwrap_err();
    assert!(error.to_string().contains("larger than the spool"), "{error}");
}
