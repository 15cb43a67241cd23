//! A chain of steps, one of them with a policy of its own, and what undoes the first when the second fails.

use std::time::Duration;

use async_request_reply::schemars::{self, JsonSchema};
use async_request_reply::workflow::{Flow, Retry, Workflow, callee};
use async_request_reply::{BackOff, Failure, InvalidInput};
use serde::{Deserialize, Serialize};

use crate::shop::{Cart, Charge, Release, Reserve};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipt {
    reservation: String,
    paid: u32,
}

pub(crate) struct Order;

impl Workflow for Order {
    type Input = Cart;
    type Output = Receipt;

    fn check(&self, cart: &Cart) -> Result<(), InvalidInput> {
        match cart.price {
            0 => Err(InvalidInput::new("price", "nothing is for free")),
            _ => Ok(()),
        }
    }

    async fn run(&self, flow: Flow, cart: Cart) -> Result<Receipt, Failure> {
        let reservation = flow.call(callee::blocking::<Reserve>(), &cart).await?;
        let retry = Retry::attempts(8).back_off(BackOff {
            first: Duration::from_secs(1),
            factor: 2,
            longest: Duration::from_secs(60),
        });
        let paid = flow
            .call(callee::blocking::<Charge>(), &cart)
            .retry(retry)
            .time_limit(Duration::from_secs(30))
            .await;
        match paid {
            Ok(paid) => Ok(Receipt {
                reservation: reservation.id,
                paid,
            }),
            Err(error) => {
                flow.call(callee::blocking::<Release>(), &reservation)
                    .await?;
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_request_reply::ErrorCode;
    use async_request_reply::workflow::StepError;
    use async_request_reply::workflow::test::FlowTest;

    use super::*;
    use crate::shop::Reservation;

    fn order() -> FlowTest<Order> {
        FlowTest::of(Order)
            .with(callee::blocking::<Reserve>(), |_| {
                Ok(Reservation {
                    id: "r-1".to_owned(),
                })
            })
            .with(callee::blocking::<Charge>(), |cart| Ok(cart.price))
    }

    fn cart() -> Cart {
        Cart {
            article: "globe".to_owned(),
            price: 70,
        }
    }

    #[test]
    fn what_is_reserved_is_paid() {
        let ran = order().run(&cart()).unwrap();
        let receipt = Receipt {
            reservation: "r-1".to_owned(),
            paid: 70,
        };
        assert_eq!(ran.output.unwrap(), receipt);
    }

    #[test]
    fn what_cannot_be_paid_is_released() {
        let declined = StepError::new(ErrorCode::literal("Declined"), "the card has a limit");
        let ran = order()
            .with(callee::blocking::<Charge>(), move |_| Err(declined.clone()))
            .with(callee::blocking::<Release>(), |reservation| {
                assert_eq!(reservation.id, "r-1");
                Ok(())
            })
            .run(&cart())
            .unwrap();
        assert_eq!(ran.called(), ["Reserve", "Charge", "Release"]);
        assert!(ran.output.is_err());
    }

    #[test]
    fn nothing_is_for_free() {
        let refused = order().run(&Cart { price: 0, ..cart() }).unwrap_err();
        assert!(refused.to_string().ends_with("nothing is for free"));
    }
}
