"""The worker: crawls and audits in time, waivers that end, deliveries, and word of itself."""
