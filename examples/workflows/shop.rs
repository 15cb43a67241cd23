//! The kinds of work that the workflows call. What a kind takes and gives is read and written on both sides
//! here, so both are `Serialize` and `Deserialize`.

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::{BlockingKind, Context, Failure};
use serde::{Deserialize, Serialize};

/// What somebody wants to buy.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cart {
    pub(crate) article: String,
    pub(crate) price: u32,
}

/// That an article is kept for somebody.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Reservation {
    pub(crate) id: String,
}

/// A text for somebody.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) text: String,
}

pub(crate) struct Reserve;

impl BlockingKind for Reserve {
    type Input = Cart;
    type Output = Reservation;

    fn run(&self, cart: Cart, cx: &Context) -> Result<Reservation, Failure> {
        if cart.article == "moon" {
            return Err(Failure::permanent("OutOfStock", "there is only one"));
        }
        // The same in every attempt, so that nothing is reserved twice.
        let id = cx.task_id().to_owned();
        Ok(Reservation { id })
    }
}

pub(crate) struct Release;

impl BlockingKind for Release {
    type Input = Reservation;
    type Output = ();

    fn run(&self, reservation: Reservation, _: &Context) -> Result<(), Failure> {
        println!("{} is free again", reservation.id);
        Ok(())
    }
}

pub(crate) struct Charge;

impl BlockingKind for Charge {
    type Input = Cart;
    type Output = u32;

    fn run(&self, cart: Cart, _: &Context) -> Result<u32, Failure> {
        match cart.price {
            0..=1_000 => Ok(cart.price),
            _ => Err(Failure::permanent("Declined", "the card has a limit")),
        }
    }
}

pub(crate) struct SendMail;

impl BlockingKind for SendMail {
    type Input = Mail;
    type Output = ();

    fn run(&self, mail: Mail, _: &Context) -> Result<(), Failure> {
        println!("to {}: {}", mail.to, mail.text);
        Ok(())
    }
}
