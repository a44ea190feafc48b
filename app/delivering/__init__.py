"""A worker's round with alerts: notices become deliveries, deliveries are sent and recorded."""
