"""A made-up town of API accounts: people, harmless look-alikes and harvests, for samples, tests and sparring."""
