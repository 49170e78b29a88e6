"""What all tests share: how hypothesis searches."""

from hypothesis import HealthCheck, settings

# Machines are noisy: no example is judged by its time.
settings.register_profile("kanbert", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kanbert")
