"""What travels: by resource, the types of requests and answers, and the contract of each route."""
