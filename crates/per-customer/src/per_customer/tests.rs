use std::{
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use claviger_auth_core::{ErrorKind, ManualClock};

use super::*;

/// Made for one customer: who they are, and the how-manieth making it was.
type Made = Arc<(u32, usize)>;

/// Makes something for each number below 1,000.
fn builder() -> PerCustomerBuilder<u32, Made> {
    let count = AtomicUsize::new(0);
    PerCustomer::builder(move |customer: &u32| {
        let making = count.fetch_add(1, Ordering::Relaxed) + 1;
        if *customer < 1_000 {
            Ok(Arc::new((*customer, making)))
        } else {
            Err(Error::new(ErrorKind::Configuration, "no such customer"))
        }
    })
}

fn holding(capacity: usize) -> PerCustomerBuilder<u32, Made> {
    builder().with_capacity(NonZeroUsize::new(capacity).unwrap())
}

#[test]
fn makes_a_value_once_for_each_customer() {
    let customers = builder().build();
    for _ in 0..2 {
        assert_eq!(*customers.of(&7).unwrap(), (7, 1));
        assert_eq!(*customers.of(&8).unwrap(), (8, 2));
    }
    let clone = customers.clone();
    assert_eq!(*clone.of(&9).unwrap(), (9, 3));
    assert!(!customers.is_empty());
    assert_eq!(customers.len(), 3, "clones share what is kept");
}

#[test]
fn lets_the_least_recently_used_go_at_capacity() {
    let customers = holding(2).build();
    customers.of(&1).unwrap();
    customers.of(&2).unwrap();
    customers.of(&1).unwrap();
    customers.of(&3).unwrap();
    assert_eq!(customers.len(), 2);
    assert_eq!(*customers.of(&1).unwrap(), (1, 1), "it was used after 2");
    assert_eq!(*customers.of(&2).unwrap(), (2, 4));
}

#[test]
fn keeps_ten_thousand_and_for_an_hour_by_default() {
    let clock = ManualClock::new();
    let customers = PerCustomer::builder(|_: &u32| Ok(())).with_clock(clock.clone()).build();
    for customer in 0..10_001 {
        customers.of(&customer).unwrap();
    }
    assert_eq!(customers.len(), 10_000);
    clock.advance(Duration::from_secs(3599));
    customers.evict_idle();
    assert_eq!(customers.len(), 10_000);
    clock.advance(Duration::from_secs(1));
    customers.evict_idle();
    assert!(customers.is_empty());
}

#[test]
fn lets_the_idle_go_when_a_request_comes() {
    let clock = ManualClock::new();
    let customers = builder().with_clock(clock.clone()).with_idle_time(Duration::from_secs(60)).build();
    for customer in [1, 2, 3] {
        customers.of(&customer).unwrap();
    }
    clock.advance(Duration::from_secs(59));
    customers.of(&2).unwrap();
    assert_eq!(customers.len(), 3);
    clock.advance(Duration::from_secs(1));
    assert_eq!(*customers.of(&2).unwrap(), (2, 2), "it was used a second ago");
    assert_eq!(customers.len(), 1);
    clock.advance(Duration::from_secs(60));
    assert_eq!(*customers.of(&2).unwrap(), (2, 4), "also if it is what is asked for");
}

#[test]
fn a_value_that_somebody_holds_lives_on() {
    let customers = holding(1).build();
    let held = customers.of(&1).unwrap();
    customers.of(&2).unwrap();
    assert_eq!(Arc::strong_count(&held), 1, "nobody else has it");
    assert_eq!(*held, (1, 1));
}

#[test]
fn makes_anew_what_was_forgotten() {
    let customers = builder().build();
    customers.of(&1).unwrap();
    customers.of(&2).unwrap();
    customers.forget(&1);
    customers.forget(&99);
    assert_eq!(*customers.of(&1).unwrap(), (1, 3));
    assert_eq!(*customers.of(&2).unwrap(), (2, 2));
}

#[test]
fn an_error_is_not_remembered_and_moves_nobody() {
    let is_down = Arc::new(Mutex::new(true));
    let customers = PerCustomer::builder({
        let is_down = Arc::clone(&is_down);
        move |customer: &u32| match customer {
            3 if *is_down.lock().unwrap() => Err(Error::new(ErrorKind::Configuration, "no secret yet")),
            _ => Ok(Arc::new(())),
        }
    })
    .with_capacity(NonZeroUsize::new(2).unwrap())
    .build();
    let others = [1, 2].map(|customer| customers.of(&customer).unwrap());
    for _ in 0..10 {
        assert_eq!(customers.of(&3).unwrap_err().to_string(), "no secret yet");
    }
    for (customer, before) in [1, 2].into_iter().zip(others) {
        assert!(Arc::ptr_eq(&before, &customers.of(&customer).unwrap()), "{customer} was not moved");
    }
    *is_down.lock().unwrap() = false;
    customers.of(&3).unwrap();
}

#[test]
fn nothing_is_left_of_customers_that_nothing_could_be_made_for() {
    let customers = PerCustomer::builder(|_: &Arc<()>| {
        Err::<(), _>(Error::new(ErrorKind::Configuration, "no such customer"))
    })
    .build();
    let nobody = Arc::new(());
    customers.of(&nobody).unwrap_err();
    assert_eq!(Arc::strong_count(&nobody), 1);
}

/// Runs one caller per number at once, and returns what they got.
fn at_once<V: Send>(callers: impl IntoIterator<Item = u32>, call: impl Fn(u32) -> V + Sync) -> Vec<V> {
    let call = &call;
    thread::scope(|scope| {
        let threads: Vec<_> =
            callers.into_iter().map(|customer| scope.spawn(move || call(customer))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn all_who_ask_at_once_get_the_same_value() {
    // Nobody's value is ready before everybody makes one.
    let all_make = Barrier::new(8);
    let customers = PerCustomer::builder(move |_: &u32| {
        all_make.wait();
        Ok(Arc::new(()))
    })
    .build();
    let values = at_once([1; 8], |customer| customers.of(&customer).unwrap());
    assert!(values.iter().all(|value| Arc::ptr_eq(value, &values[0])));
    assert_eq!(customers.len(), 1);
}

#[test]
fn one_customer_s_slow_making_is_in_nobody_s_way() {
    let (started, finish) = (Barrier::new(2), Barrier::new(2));
    let pair = Arc::new((started, finish));
    let customers = PerCustomer::builder({
        let pair = Arc::clone(&pair);
        move |customer: &u32| {
            if *customer == 1 {
                pair.0.wait();
                pair.1.wait();
            }
            Ok(*customer)
        }
    })
    .build();
    thread::scope(|scope| {
        let slow = scope.spawn(|| customers.of(&1));
        pair.0.wait();
        assert_eq!(customers.of(&2).unwrap(), 2);
        customers.forget(&2);
        pair.1.wait();
        assert_eq!(slow.join().unwrap().unwrap(), 1);
    });
    assert_eq!(customers.len(), 1, "to forget another did not concern it");
}

#[test]
fn what_is_forgotten_while_it_is_made_is_made_again() {
    /// Makes that are held until they may end.
    struct Holds {
        began: Barrier,
        end: Barrier,
    }
    let holds = Arc::new([(); 2].map(|()| Holds { began: Barrier::new(2), end: Barrier::new(2) }));
    let (secret, makes) = (Arc::new(Mutex::new("old")), AtomicUsize::new(0));
    let customers = PerCustomer::builder({
        let (secret, holds) = (Arc::clone(&secret), Arc::clone(&holds));
        move |_: &u32| {
            let read = *secret.lock().unwrap();
            if let Some(hold) = holds.get(makes.fetch_add(1, Ordering::Relaxed)) {
                hold.began.wait();
                hold.end.wait();
            }
            Ok(read)
        }
    })
    .build();
    let got = thread::scope(|scope| {
        let early = scope.spawn(|| customers.of(&1));
        holds[0].began.wait();
        *secret.lock().unwrap() = "new";
        customers.forget(&1);
        let late = scope.spawn(|| customers.of(&1));
        holds[1].began.wait();
        holds[0].end.wait();
        let early = early.join().unwrap();
        holds[1].end.wait();
        [early, late.join().unwrap(), customers.of(&1)]
    });
    assert_eq!(got.map(Result::unwrap), ["new"; 3]);
}

#[test]
fn a_panic_while_making_leaves_the_others_and_the_next_try_alone() {
    let first = AtomicUsize::new(0);
    let customers = PerCustomer::builder(move |customer: &u32| {
        assert!(*customer != 1 || first.fetch_add(1, Ordering::Relaxed) > 0, "only once");
        Ok(*customer)
    })
    .build();
    thread::scope(|scope| assert!(scope.spawn(|| customers.of(&1)).join().is_err()));
    assert_eq!((customers.of(&2).unwrap(), customers.of(&1).unwrap()), (2, 1));
}

#[test]
fn a_value_may_ask_for_others_when_it_is_made_and_when_it_goes() {
    #[derive(Clone)]
    struct Chain(Arc<Mutex<Option<PerCustomer<u32, Self>>>>);
    impl Drop for Chain {
        fn drop(&mut self) {
            if let Some(customers) = self.0.lock().unwrap().as_ref() {
                customers.forget(&99);
            }
        }
    }
    let all = Arc::new(Mutex::new(None));
    let customers = PerCustomer::builder({
        let all = Arc::clone(&all);
        move |customer: &u32| {
            let customers: Option<PerCustomer<u32, Chain>> = all.lock().unwrap().clone();
            if *customer > 0 {
                customers.unwrap().of(&(customer - 1))?;
            }
            Ok(Chain(Arc::clone(&all)))
        }
    })
    .with_capacity(NonZeroUsize::new(2).unwrap())
    .build();
    *all.lock().unwrap() = Some(customers.clone());
    customers.of(&5).unwrap();
    assert_eq!(customers.len(), 2);
    customers.forget(&5);
    assert_eq!(customers.len(), 1);
    // The circle is broken for the leak checker's sake.
    let last = all.lock().unwrap().take();
    drop(last);
}

#[test]
fn shows_neither_customers_nor_values() {
    let customers = PerCustomer::builder(|_: &String| Ok("swordfish")).build();
    customers.of(&"acme".to_owned()).unwrap();
    let shown = format!("{customers:?} {:?}", PerCustomer::builder(|_: &String| Ok("swordfish")));
    assert!(shown.contains("10000"), "{shown}");
    assert!(!shown.contains("acme") && !shown.contains("swordfish"), "{shown}");
}
